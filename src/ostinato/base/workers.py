"""One function over many items in processes that may crash or hang without harm to the rest."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Generic, TypeVar

from ostinato.base.errors import UserError

T = TypeVar("T")
R = TypeVar("R")

LOOK_AHEAD = 32  # items per worker that may be finished before their turn: it bounds the memory
ATTEMPTS = 2  # a process may also die for want of memory, through no fault of its item


@dataclass(frozen=True)
class Outcome(Generic[T, R]):
    """What became of one item: a ``result``, or in ``error`` one sentence why there is none."""

    item: T
    result: R | None
    error: str | None


def available_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_each(
    function: Callable[[T], R], items: Iterable[T], *, workers: int, seconds: float
) -> Generator[Outcome[T, R]]:
    """The outcome of ``function`` for each item, in the order of the items.

    ``function``, items and results travel between processes by pickle. An exception is an error
    of its item; a process that dies is replaced, and its item tried once more; one that takes
    longer than ``seconds`` is killed. Ends its processes when it ends or is closed.
    """
    crew = _Crew(function, workers, seconds)
    todo = enumerate(items)
    pending: dict[int, T] = {}
    done: dict[int, Outcome[T, R]] = {}
    turn = 0
    try:
        while True:
            while crew.has_room() and len(pending) < LOOK_AHEAD * workers:
                following = next(todo, None)
                if following is None:
                    break
                index, item = following
                pending[index] = item
                crew.give(crew.idle(), index, item)
            if not pending:
                return
            for index, result, error in crew.collect():
                done[index] = Outcome(pending[index], result, error)
            while turn in done:
                del pending[turn]
                yield done.pop(turn)
                turn += 1
    finally:
        crew.kill()


@dataclass
class _Worker(Generic[T]):
    process: BaseProcess
    connection: Connection
    index: int | None = None  # of the item at hand; None: idle
    item: T | None = None
    attempts: int = 0
    ready: bool = False  # has imported what it needs: only then the clock runs
    deadline: float = float("inf")


class _Crew(Generic[T, R]):
    """The processes and what each is working on."""

    def __init__(self, function: Callable[[T], R], workers: int, seconds: float) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._function = function
        self._most = workers
        self._seconds = seconds
        self._workers: list[_Worker[T]] = []

    def has_room(self) -> bool:
        return len(self._workers) < self._most or any(w.index is None for w in self._workers)

    def idle(self) -> _Worker[T]:
        """A worker without an item, started if all that there are have one."""
        for worker in self._workers:
            if worker.index is None:
                return worker
        return self._start()

    def give(self, worker: _Worker[T], index: int, item: T, *, attempts: int = 1) -> None:
        worker.index, worker.item, worker.attempts = index, item, attempts
        if worker.ready:
            self._send(worker)

    def collect(self) -> Iterator[tuple[int, R | None, str | None]]:
        """Wait until something has happened; what was finished as (index, result, error)."""
        nearest = min(worker.deadline for worker in self._workers)
        timeout = None if nearest == float("inf") else max(0.0, nearest - time.monotonic())
        heard = wait([worker.connection for worker in self._workers], timeout)
        now = time.monotonic()
        for worker in list(self._workers):
            if worker.connection in heard:
                yield from self._hear(worker)
            elif now > worker.deadline:
                assert worker.index is not None
                yield worker.index, None, f"took longer than {self._seconds:g} s"
                self._dismiss(worker)

    def kill(self) -> None:
        """End every process."""
        for worker in list(self._workers):
            self._dismiss(worker)

    def _start(self) -> _Worker[T]:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(self._function, theirs), daemon=True)
        # Until the process ignores Ctrl-C by itself, it must not hear of it; the first start of
        # the tracker would lift the block.
        resource_tracker.ensure_running()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        worker: _Worker[T] = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def _send(self, worker: _Worker[T]) -> None:
        worker.deadline = time.monotonic() + self._seconds
        try:
            worker.connection.send(worker.item)
        except BrokenPipeError:
            worker.deadline = float("inf")  # it is dead, and the pipe says so to ``collect``

    def _hear(self, worker: _Worker[T]) -> Iterator[tuple[int, R | None, str | None]]:
        try:
            message = worker.connection.recv()
        except (EOFError, ConnectionResetError):
            yield from self._bury(worker)
            return
        worker.deadline = float("inf")
        if message is None:
            worker.ready = True
            if worker.index is not None:
                self._send(worker)
            return
        assert worker.index is not None
        index, worker.index, worker.item = worker.index, None, None
        yield index, *message

    def _bury(self, worker: _Worker[T]) -> Iterator[tuple[int, R | None, str | None]]:
        index, item, attempts = worker.index, worker.item, worker.attempts
        code = self._dismiss(worker)
        if not worker.ready:
            raise RuntimeError(f"a worker process could not start (exit code {code})")
        if index is None:
            return
        if attempts < ATTEMPTS:
            assert item is not None
            self.give(self._start(), index, item, attempts=attempts + 1)
            return
        how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        yield index, None, f"crashed its process {attempts} times ({how})"

    def _dismiss(self, worker: _Worker[T]) -> int | None:
        self._workers.remove(worker)
        worker.connection.close()
        worker.process.join(0.1)  # one that died by itself keeps its exit code
        worker.process.kill()
        worker.process.join()
        code = worker.process.exitcode
        worker.process.close()
        return code


def _serve(function: Callable[[T], R], connection: Connection) -> None:
    # Ctrl-C reaches every process of the terminal; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The parent ends a process by closing its pipe: then there is nobody left to answer.
    with contextlib.suppress(EOFError, OSError):
        connection.send(None)
        while True:
            connection.send(_attempt(function, connection.recv()))


def _attempt(function: Callable[[T], R], item: T) -> tuple[R | None, str | None]:
    try:
        return function(item), None
    except UserError as error:
        return None, str(error)
    except Exception as error:  # noqa: BLE001  one bad item must not stop the others
        return None, f"unexpected {type(error).__name__}: {error}"
