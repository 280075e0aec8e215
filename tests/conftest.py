"""What every room's tests share: the datasets' folder, and matplotlib without a screen."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

SHARED = Path(__file__).resolve().parents[2] / "shared"

os.environ.setdefault("MPLBACKEND", "agg")
# Tiny tensors: threads cost more than they bring, and forty times as much where others work too.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# The same examples on every run, however slow the machine: a red test means a change in the tree.
# `pytest --hypothesis-profile=explore` looks for new ones.
settings.register_profile("house", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require-datasets",
        action="store_true",
        help="a test that would skip for want of ../shared fails instead",
    )


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of public datasets and golden files beside the checkout."""
    if not (SHARED / "data").is_dir():
        pytest.skip("needs the datasets in ../shared")
    return SHARED


@pytest.fixture
def one_thread() -> Generator[None]:
    """Tiny tensors: threads would cost more than they bring, and most where others work too."""
    from ostinato.base.device import one_thread

    with one_thread():
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under --require-datasets, turn a skip that names ../shared into a failure."""
    report = yield
    required = item.config.getoption("--require-datasets")
    if required and report.skipped and "../shared" in str(report.longrepr):
        report.outcome = "failed"
    return report
