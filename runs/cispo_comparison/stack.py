"""Many small models in one: parameters side by side in one buffer, run by ``torch.func.vmap``.

Axes: M models, R rows, T tokens, d width, V characters.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from ostinato.models.m1 import M1, M1Config
from ostinato.models.m1.layers import SparseMoe
from ostinato.models.m1.rows import decode_rows, encode_rows

ALIGNED = 64  # floats: each parameter begins at a multiple
SIZES: dict[str, Any] = {
    "vocab_size": 16,
    "hidden_size": 192,
    "num_heads": 4,
    "num_kv_heads": 2,
    "head_dim": 32,
    "intermediate_size": 64,
    "num_experts": 4,
    "experts_per_token": 2,
    "rope_theta": 1000.0,
    "initializer_range": 0.05,
}


def make_config(attention: str, /, **changes: Any) -> M1Config:
    """The hybrid of seven lightning layers and a softmax one, or its twin of softmax layers."""
    return M1Config.preset("tiny", **(SIZES | {"attention": attention} | changes))


class Stack:
    """``flat`` [M, P] holds everything that is learnt; ``views`` are its parameters in place."""

    def __init__(self, config: M1Config, count: int, device: torch.device | str) -> None:
        self.config, self.count, self.device = config, count, torch.device(device)
        self._model = M1(config).to(self.device)
        for module in self._model.modules():
            if isinstance(module, SparseMoe):
                module.backend = "dense"
        named = list(self._model.named_parameters())
        spans: dict[str, tuple[int, int, torch.Size]] = {}
        end = 0
        for name, parameter in named:
            spans[name] = (end, end + parameter.numel(), parameter.shape)
            end += -(-parameter.numel() // ALIGNED) * ALIGNED
        self._spans = spans
        self.flat = torch.zeros(count, end, device=self.device)
        self.views = {name: view.requires_grad_() for name, view in self.cut(self.flat).items()}
        self._buffers = {
            name: buffer.expand(count, *buffer.shape)
            for name, buffer in self._model.named_buffers()
        }
        self._encode = _Encode(self._model)
        self._decode = _Decode(self._model)

    @property
    def size(self) -> int:
        """Parameters of one model."""
        return sum(b - a for a, b, _ in self._spans.values())

    def cut(self, flat: Tensor) -> dict[str, Tensor]:
        """Views of [M, P] as parameters [M, ...]."""
        return {
            name: flat[:, a:b].view(len(flat), *shape)
            for name, (a, b, shape) in self._spans.items()
        }

    @torch.no_grad()
    def load(self, place: int, state: dict[str, Tensor]) -> None:
        """Put the weights of one model, by their published names, at ``place``."""
        for name, view in self.cut(self.flat).items():
            view[place].copy_(state[name])

    def state(self, place: int) -> dict[str, Tensor]:
        """The weights of one model, as copies."""
        return {name: view[place].clone() for name, view in self.cut(self.flat).items()}

    def fresh(self, seeds: Sequence[int]) -> None:
        """Draw new weights, on the CPU: the same on every device."""
        for place, seed in enumerate(seeds):
            torch.manual_seed(seed)
            self.load(place, dict(M1(self.config).named_parameters()))

    def hidden(self, ids: Tensor) -> Tensor:
        """[M, R, T] to [M, R, T, d]."""
        with plain_attention():
            return vmap(lambda p, b, i: functional_call(self._encode, _under(p, b), (i,)))(
                self.views, self._buffers, ids
            )

    def logprobs(self, hidden: Tensor) -> Tensor:
        """The head [M, ..., d] to [M, ..., V]: products and log-softmax in float32."""
        weight = self.views["lm_head.weight"]
        logits: Tensor = Head.apply(hidden.flatten(1, -2), weight)
        return logits.log_softmax(-1).view(*hidden.shape[:-1], -1)

    def memory(self, rows: int, room: int) -> SimpleNamespace:
        """States, keys and values of M x ``rows`` sequences."""
        one = self._model.make_cache(rows, capacity=room)
        made = {name: getattr(one, name) for name in ("states", "keys", "values")}
        return SimpleNamespace(**{k: v.new_zeros(self.count, *v.shape) for k, v in made.items()})

    def step(self, tokens: Tensor, at: Tensor, memory: SimpleNamespace) -> Tensor:
        """One more token a row, [M, R] at places [M, R], to hidden [M, R, d]."""
        span = memory.keys.shape[-2]

        def one(p: Any, b: Any, ids: Tensor, at: Tensor, s: Tensor, k: Tensor, v: Tensor) -> Tensor:
            held = SimpleNamespace(states=s, keys=k, values=v)
            active = torch.ones_like(ids, dtype=torch.bool)
            return functional_call(self._decode, _under(p, b), (ids, at, active, held, span))

        with plain_attention():
            return vmap(one)(
                self.views,
                self._buffers,
                tokens,
                at,
                memory.states,
                memory.keys,
                memory.values,
            )


def _under(parameters: dict[str, Tensor], buffers: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"model.{name}": value for name, value in (parameters | buffers).items()}


class _Encode(nn.Module):
    def __init__(self, model: M1) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor) -> Tensor:
        return encode_rows(self.model, ids).hidden


class _Decode(nn.Module):
    def __init__(self, model: M1) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, at: Tensor, active: Tensor, memory: Any, span: int) -> Tensor:
        return decode_rows(self.model, ids, at, active, memory, span=span)


class Head(torch.autograd.Function):
    """[M, N, d] times [M, V, d] transposed, never in TF32, forwards or backwards."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor) -> Tensor:
        """The logits."""
        ctx.save_for_backward(hidden, weight)
        with exact_products(hidden):
            return hidden @ weight.mT

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor]:
        """Of both."""
        hidden, weight = ctx.saved_tensors
        with exact_products(hidden):
            return grads[0] @ weight, grads[0].mT @ hidden


@contextmanager
def exact_products(of: Tensor) -> Generator[None]:
    """Float32 products without TF32 on a GPU."""
    if not of.is_cuda:
        yield
        return
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


@contextmanager
def plain_attention() -> Generator[None]:
    """Rows are short, and the fused kernels do not know of vmap everywhere."""
    with sdpa_kernel([SDPBackend.MATH]):
        yield


class Captured:
    """A function without arguments that reads and writes tensors that stay where they are.

    On a GPU it becomes a CUDA graph at its first call, which runs it ``WARM`` times before:
    ``keep`` lists what is put back afterwards. Elsewhere, or where the capture fails, it is called.
    """

    WARM = 2

    def __init__(self, run: Callable[[], None], keep: Sequence[Tensor], *, graphs: bool) -> None:
        self._run, self._keep, self._graphs = run, keep, graphs
        self._graph: torch.cuda.CUDAGraph | None = None

    def __call__(self) -> None:
        """Once."""
        if self._graphs and self._graph is None:
            self._capture()
        if self._graph is None:
            self._run()
        else:
            self._graph.replay()

    def _capture(self) -> None:
        before = [x.detach().clone() for x in self._keep]
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(self.WARM):
                self._run()
        torch.cuda.current_stream().wait_stream(side)
        torch.cuda.synchronize()
        torch.cuda.empty_cache()  # what the side stream had is of no use to the graph
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph):
                self._run()
            self._graph = graph
        except RuntimeError as error:
            torch.cuda.synchronize()
            print(f"no CUDA graph ({str(error).splitlines()[0]}): every call is launched anew")
            self._graphs = False
        with torch.no_grad():
            for x, old in zip(self._keep, before, strict=True):
                x.copy_(old)
