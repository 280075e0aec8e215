"""What a program in the sandbox may read, and what it finds there: the interpreter, ``/usr``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from ostinato.sandbox.errors import SandboxError

_PROGRAMS = ("/usr/local/bin", "/usr/bin", "/usr/sbin", "/bin", "/sbin")
_LIBRARIES = ("/usr/local/lib", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libexec")
_LIBRARIES_OUTSIDE = ("/lib", "/lib32", "/lib64", "/nix/store")
_DATA = ("/usr/share", "/usr/include", "/usr/local/include", "/etc/alternatives")
_FILES = ("/etc/ld.so.cache", "/etc/localtime", "/dev/urandom", "/dev/random")
_PACKAGES = ("site-packages", "dist-packages")


@cache
def interpreter() -> Path:
    """The Python that runs us, outside of any virtual environment."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    base = Path(sys.base_prefix)
    candidates = [Path(sys.executable).resolve(), base / "bin" / name]
    for candidate in candidates:
        if candidate.is_relative_to(base.resolve()) and candidate.is_file():
            return candidate.resolve()
    raise SandboxError(f"found no interpreter at {candidates[-1]}: is this Python installed whole?")


def search_path() -> str:
    """``PATH`` in the sandbox."""
    return ":".join(dict.fromkeys([str(interpreter().parent), *_PROGRAMS]))


@cache
def readable_roots() -> tuple[Path, ...]:
    """Directories and files, none in another, links resolved; `holes` are inside of them."""
    real = sorted({root.resolve() for root in _named() if root.exists()})
    return tuple(root for root in real if not any(other in root.parents for other in real))


@cache
def links() -> tuple[tuple[str, str], ...]:
    """Symbolic links that lead to `readable_roots` from outside of them, with their targets."""
    found = [root for root in _named() if root.is_symlink() and root.exists()]
    outside = [link for link in found if not set(link.parents) & set(readable_roots())]
    return tuple((str(link), str(link.readlink())) for link in outside)


@cache
def holes() -> tuple[Path, ...]:
    """What is not readable although it lies below one of `readable_roots`: installed packages of
    any Python, and this package.
    """
    found = {Path(__file__).resolve().parents[2]}
    for root in readable_roots():
        for depth in ("", "python*/", "*/python*/"):
            for name in _PACKAGES:
                found.update(path.resolve() for path in root.glob(depth + name))
    return tuple(sorted(found))


@cache
def readable() -> tuple[tuple[str, bool], ...]:
    """Paths that together make up `readable_roots` without `holes`; True: with all below, False:
    only the list of names, of a directory in which a hole is.
    """
    return tuple(found for root in readable_roots() for found in _without_holes(root))


def searchable_by_all(path: Path) -> bool:
    """Whether any uid can get at ``path``, by the modes of the directories above it."""
    above = all(parent.stat().st_mode & 0o001 for parent in path.parents)
    return above and bool(path.stat().st_mode & 0o004)


def _named() -> list[Path]:
    usual = (*_PROGRAMS, *_LIBRARIES, *_LIBRARIES_OUTSIDE, *_DATA, *_FILES)
    return [*map(Path, usual), *_of_the_interpreter()]


def _of_the_interpreter() -> list[Path]:
    base, name = Path(sys.base_prefix), interpreter().name
    programs = [base / "bin" / alias for alias in ("python", "python3", name)]
    libraries = [base / directory for directory in {sys.platlibdir, "lib"}]
    shared = base == Path("/usr") or base == Path("/usr/local")  # all of that is readable anyway
    return [interpreter(), *([] if shared else [*programs, *libraries])]


def _without_holes(path: Path) -> Iterator[tuple[str, bool]]:
    if path in holes():
        return
    if not any(path in hole.parents for hole in holes()):
        yield str(path), True
        return
    yield str(path), False
    for child in sorted(path.iterdir()):
        if not child.is_symlink():
            yield from _without_holes(child)
