"""One measurement of an M1 in a process of its own, so that its memory is nobody else's.

``python -m ostinato.jobs.bench_m1_worker '{"call": "read", ...}'`` prints the result as JSON on
standard output; a benchmark calls it by ``ask``.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor, nn

from ostinato.base.errors import UserError
from ostinato.infer.prefill import decode, prefill
from ostinato.models.m1 import M1, M1Config
from ostinato.models.m1.model import Layout

# The implementations; a prompt yields the logits of its last token, or of all.
OURS = "ostinato"
THEIRS = "transformers, last"
THEIRS_ALL = "transformers, all"

WARM_UP = 64  # tokens
LOOK = 0.003  # seconds between two looks at the memory
STATM = Path("/proc/self/statm")
PAGE = os.sysconf("SC_PAGE_SIZE")
KILLED = -9

T = TypeVar("T")


@dataclass(frozen=True)
class Reading:
    """What one process found. Each pass reads the whole prompt anew; seconds, bytes."""

    prefill_cpu: tuple[float, ...]
    prefill_wall: tuple[float, ...]
    decode_cpu: tuple[float, ...]
    """Of each token decoded after the prompt."""
    decode_wall: tuple[float, ...]
    idle: int
    """Resident with every weight touched, after a warm-up of a few tokens."""
    peak: int
    """Resident at most while the first pass reads the prompt."""
    cache_bytes: int | None
    """After the prompt, with room for the decoded tokens; None where it is not known."""

    @property
    def growth(self) -> int:
        return self.peak - self.idle

    @classmethod
    def told(cls, answer: Mapping[str, Any]) -> Reading:
        """One that came as JSON, whose tuples were lists."""
        fields: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in answer.items()
        }
        return cls(**fields)


def ask(call: str, **arguments: Any) -> dict[str, Any]:
    """What a function of ``CALLS`` answers in a process of its own."""
    said = json.dumps({"call": call, **arguments})
    command = [sys.executable, "-m", "ostinato.jobs.bench_m1_worker", said]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == KILLED:
        raise UserError(
            f"the process that was to {call} was killed, for want of memory most likely: measure "
            "shorter prompts (--lengths)"
        )
    if done.returncode:
        raise RuntimeError(f"{call} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    if "error" in answer:
        raise UserError(answer["error"])
    return answer


class Reader(Protocol):
    """An implementation with one sequence in its memory."""

    @property
    def model(self) -> nn.Module: ...

    def start(self, tokens: Tensor, room: int) -> Tensor:
        """Forget, and read int64 [n] with ``room`` for more; logits [V] of the last token."""
        ...

    def step(self, token: int) -> Tensor:
        """Read one more; its logits [V]."""
        ...

    def logits(self, tokens: Tensor) -> Tensor:
        """Of every token, [n, V], in one pass."""
        ...

    def cache_bytes(self) -> int | None: ...


class Ours:
    """Our M1, as `generate` runs it."""

    def __init__(self, directory: Path) -> None:
        self.model = M1.from_pretrained(directory)
        self.cache = self.model.make_cache(1)

    def start(self, tokens: Tensor, room: int) -> Tensor:
        self.cache = self.model.make_cache(1, capacity=len(tokens) + room)
        return prefill(self.model, [tokens], self.cache)[0]

    def step(self, token: int) -> Tensor:
        return decode(self.model, torch.tensor([token]), self.cache)[0]

    def logits(self, tokens: Tensor) -> Tensor:
        return self.model(tokens[None])[0]

    def cache_bytes(self) -> int | None:
        return self.cache.nbytes


class Theirs:
    """Transformers' ``MiniMaxForCausalLM``.

    Positions are given: where the first layer is a lightning one, it takes the length of its
    cache for 0 and would rotate every decoded token as the first.
    """

    def __init__(self, directory: Path, keep: int) -> None:
        """``keep`` counts the last tokens whose logits a prompt yields; 0: all of them."""
        from transformers import MiniMaxForCausalLM

        loaded: Any = MiniMaxForCausalLM.from_pretrained(directory, dtype=torch.float32)
        self.model: Any = loaded.eval()
        self.keep = keep
        self.cache: Any = None
        self.length = 0

    def start(self, tokens: Tensor, room: int) -> Tensor:
        del room  # its cache grows at every token
        self.cache = None
        found = self.model(tokens[None], use_cache=True, logits_to_keep=self.keep)
        self.cache, self.length = found.past_key_values, len(tokens)
        return found.logits[0, -1].clone()  # a view would keep all logits in memory

    def step(self, token: int) -> Tensor:
        found = self.model(
            torch.tensor([[token]]),
            past_key_values=self.cache,
            position_ids=torch.tensor([[self.length]]),
            use_cache=True,
        )
        self.length += 1
        return found.logits[0, -1]

    def logits(self, tokens: Tensor) -> Tensor:
        return self.model(tokens[None], use_cache=False).logits[0]

    def cache_bytes(self) -> int | None:
        return None


READERS: Mapping[str, Callable[[Path], Reader]] = {
    OURS: Ours,
    THEIRS: lambda directory: Theirs(directory, keep=1),
    THEIRS_ALL: lambda directory: Theirs(directory, keep=0),
}


def write(
    directory: str, layout: Layout, seed: int, preset: str, changes: Mapping[str, Any]
) -> dict[str, int]:
    """Save fresh weights of a preset; how many parameters it has."""
    torch.manual_seed(seed)
    model = M1(M1Config.preset(preset, **changes))
    model.save_pretrained(directory, layout=layout)
    return {"parameters": sum(parameter.numel() for parameter in model.parameters())}


def agree(directory: str, tokens: int, steps: int) -> dict[str, float]:
    """The largest difference between our logits and transformers'."""
    ours, theirs = (READERS[name](Path(directory)) for name in (OURS, THEIRS))
    return {"difference": difference(ours, theirs, _prompt(directory, tokens + steps), steps)}


@torch.inference_mode()
def difference(one: Reader, other: Reader, tokens: Tensor, steps: int) -> float:
    """Between the logits of every token in one pass, and of the prompt's end and ``steps`` after.

    The last ``steps`` of the tokens are what is decoded.
    """
    prompt = tokens[: len(tokens) - steps]
    pairs = [(one.logits(tokens), other.logits(tokens))]
    pairs.append((one.start(prompt, steps), other.start(prompt, steps)))
    pairs += [(one.step(token), other.step(token)) for token in tokens[len(prompt) :].tolist()]
    return max(float((a - b).abs().max()) for a, b in pairs)


@torch.inference_mode()
def read(
    directory: str, reader: str, threads: int, tokens: int, passes: int, steps: int
) -> dict[str, Any]:
    """Time a prompt and ``steps`` greedy tokens after it; a `Reading` as a dictionary."""
    torch.set_num_threads(threads)
    made = READERS[reader](Path(directory))
    prompt = _prompt(directory, tokens)
    for parameter in made.model.parameters():
        parameter.sum()  # what lies in a mapped file becomes resident when it is touched
    made.step(int(made.start(prompt[:WARM_UP], 1).argmax()))
    idle = resident()
    with Watch() as watch:
        logits, *first = timed(lambda: made.start(prompt, steps + 1))
    times = [first]
    for _ in range(passes - 1):
        logits, *again = timed(lambda: made.start(prompt, steps + 1))
        times.append(again)
    logits = made.step(int(logits.argmax()))  # not timed: a cache may grow at the first
    decoded: list[list[float]] = []
    for _ in range(steps):
        token = int(logits.argmax())
        logits, *taken = timed(lambda token=token: made.step(token))
        decoded.append(taken)
    (cpu, wall), (step_cpu, step_wall) = zip(*times, strict=True), zip(*decoded, strict=True)
    return asdict(Reading(cpu, wall, step_cpu, step_wall, idle, watch.peak, made.cache_bytes()))


def timed(call: Callable[[], T]) -> tuple[T, float, float]:
    """What it returns, and the CPU seconds of all threads and the wall-clock seconds it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = call()
    return found, time.process_time() - cpu, time.perf_counter() - wall


def resident() -> int:
    """Bytes of this process in memory, without what was freed and not given back yet."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's alone
    if trim is not None:
        trim(0)
    with STATM.open("rb") as file:
        return _resident(file.fileno())


class Watch:
    """The most bytes that this process has in memory while a block runs, by a thread's looks."""

    def __enter__(self) -> Watch:
        self._file = os.open(STATM, os.O_RDONLY)
        self.peak = _resident(self._file)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        os.close(self._file)

    def _look(self) -> None:
        while not self._over.wait(LOOK):
            self.peak = max(self.peak, _resident(self._file))


def _resident(file: int) -> int:
    return int(os.pread(file, 128, 0).split()[1]) * PAGE


def _prompt(directory: str, tokens: int) -> Tensor:
    vocabulary = M1Config.from_pretrained(directory).vocab_size
    return torch.randint(vocabulary, (tokens,), generator=torch.Generator().manual_seed(0))


CALLS: Mapping[str, Callable[..., dict[str, Any]]] = {"write": write, "agree": agree, "read": read}


def main() -> None:
    """Answer the call on the command line; what the user can mend travels as ``error``."""
    arguments: dict[str, Any] = json.loads(sys.argv[1])
    try:
        answer = CALLS[arguments.pop("call")](**arguments)
    except UserError as error:
        answer = {"error": str(error)}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
