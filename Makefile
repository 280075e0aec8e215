# `make demo` needs Linux and Python 3.11 or later with its module venv, `make test` a C compiler and Python's headers too
# (Debian: apt install python3-venv gcc python3-dev); everything else goes into .venv.

VENV := .venv
RUN := $(VENV)/bin/python -m
PIP := $(RUN) pip --disable-pip-version-check --no-input install --quiet --constraint constraints.txt
RECIPE := pyproject.toml constraints.txt

# The first interpreter that is new enough; PYTHON=/path/to/python overrules it.
PYTHON ?= $(shell for candidate in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$candidate && break; done)

# Without a GPU PyTorch's own index has a build of a tenth of the size; where it does not answer, PyPI's will do.
TORCH_CPU := https://download.pytorch.org/whl/cpu
TORCH_INDEX = $(shell command -v nvidia-smi >/dev/null || { \
	timeout 6 $(PYTHON) -c 'import urllib.request as r; r.urlopen("$(TORCH_CPU)/torch/", timeout=4)' 2>/dev/null \
	&& echo --extra-index-url $(TORCH_CPU); })

.PHONY: help demo test test-long check clean

help:
	@echo "make demo       the melody of the bundled example: MIDI, labels and a picture in demo/; three puzzles for the reasoner"
	@echo "make test       lint, formatting, types, imports, then the quick tests with coverage"
	@echo "make test-long  the tests that take longer"
	@echo "make check      lint, formatting, types, imports"
	@echo "make clean      remove .venv, demo and caches"

demo: $(VENV)/core.stamp
	$(RUN) ostinato demo -o demo

# A process a core, up to eight, each single-threaded; the long tests measure what programs use, and run alone.
PARALLEL := -n auto --maxprocesses 8 --dist loadfile

test: check
	$(RUN) pytest $(PARALLEL) --cov --cov-report=term

test-long: $(VENV)/dev.stamp
	$(RUN) pytest -m long

check: $(VENV)/dev.stamp
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(VENV)/bin/basedpyright --pythonpath $(VENV)/bin/python
	$(VENV)/bin/lint-imports

clean:
	rm -rf $(VENV) demo build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage

# A stamp newer than the recipe means: installed.
$(VENV)/core.stamp: $(RECIPE) | $(VENV)/bin/pip
	@echo "installing ostinato into $(VENV) (once; a minute or two)"
	$(PIP) $(TORCH_INDEX) --editable .
	@touch $@

$(VENV)/dev.stamp: $(RECIPE) | $(VENV)/bin/pip
	@command -v cc >/dev/null && $(VENV)/bin/python -c 'import os, sysconfig; os.stat(sysconfig.get_path("include") + "/Python.h")' 2>/dev/null \
	|| { echo "the development tools include a package that is compiled: install a C compiler and Python's headers (Debian: apt install gcc python3-dev)" >&2; exit 1; }
	@echo "installing ostinato and its development tools into $(VENV) (once; a minute or two)"
	$(PIP) $(TORCH_INDEX) --editable '.[dev]'
	@touch $(VENV)/core.stamp $@

# pip comes last into a new environment: where it is, the environment is whole.
$(VENV)/bin/pip:
	@test -n "$(PYTHON)" \
	|| { echo "ostinato needs Python 3.11 or later: install python3 (Debian: apt install python3 python3-venv)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	|| { echo "$(PYTHON) cannot make virtual environments: install its venv module (Debian: apt install python3-venv)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
