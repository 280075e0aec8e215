"""Many conversations written at once in a fixed number of slots: what rollouts are made with.

A slot holds its tokens, those that were read and those that were written, and the place of the
next one to be fed. Every step feeds one token to every slot and draws the next where none is
known yet: prompts, results of tools and what the policy writes are one stream, and a slot that
ends is given to the next conversation while the others go on. All of it is a function of fixed
shapes, so that a GPU replays one captured graph a step.

The draw at a place of a conversation depends on its seed and the place alone, whatever else is
written beside it (up to the rounding of products of another shape).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from ostinato.base.errors import UserError
from ostinato.infer.draws import signed, uniform
from ostinato.infer.prefill import prefill
from ostinato.infer.requests import Confidence, Finish
from ostinato.models.m1 import M1, Cache
from ostinato.models.m1.rows import decode_rows
from ostinato.nn.ops.softmax.decode import reads_own_past

SPAN = 512  # keys that the shortest of the captured steps looks at; the others double it
LONG = 48  # tokens from which on a reading is computed at once, and not step by step
TOGETHER = 16  # long readings that are worth a computation of their own
HOLD = 4  # looks that one of fewer waits at most
WARM = 3  # steps before a graph is captured
NARROW = 16  # slots that a step feeds at least
_FINISH = (None, Finish.EOS, Finish.LENGTH, Finish.CONFIDENT)


@dataclass(frozen=True, kw_only=True)
class EngineConfig:
    """How many, how long, and how a token is drawn."""

    slots: int
    """Conversations at a time."""
    capacity: int
    """Tokens of a conversation at most, read and written."""
    temperature: float = 1.0
    """Of the draw and of the log-probabilities that are told; no token is ever left out. At 0
    the likeliest token is taken, and the log-probabilities are those of temperature 1.
    """
    confidence: Confidence | None = None
    """Stop where a text goes round in circles; judged at temperature 1."""
    burst: int = 16
    """Steps between two looks at which slots have ended."""
    compiled: bool = False
    """Compile the layers' steps: a minute at first, and a fifth faster on a GPU."""

    def __post_init__(self) -> None:
        if min(self.slots, self.burst) < 1 or self.capacity < 2 or self.temperature < 0:
            raise UserError(
                "an engine has at least 1 slot, bursts of at least 1 step, room for 2 tokens and "
                f"a temperature of at least 0; got {self.slots}, {self.burst}, {self.capacity} and "
                f"{self.temperature}"
            )


@dataclass(frozen=True)
class Written:
    """One turn."""

    tokens: tuple[int, ...]
    """The end of the turn included, where it came."""
    logprobs: tuple[float, ...]
    """Of each token, at the engine's temperature."""
    entropies: tuple[float, ...]
    """Of the distribution that each token was drawn from, in nats."""
    finish: Finish


@dataclass
class _Conversation:
    seed: int
    prompt: tuple[int, ...]
    room: int
    slot: int | None = None
    turn: int = 0  # the place of the first token of the turn at hand


@dataclass(frozen=True, eq=False)
class _Slots:
    """What is known of all slots, on the device."""

    tokens: Tensor  # int64 [slots, capacity]
    logprobs: Tensor  # float32 [slots, capacity], 0 where a token was read
    entropies: Tensor  # like it
    at: Tensor  # int64 [slots]: the place of the token to be fed next
    known: Tensor  # int64 [slots]: tokens before this place are not drawn
    limit: Tensor  # int64 [slots]: the turn ends when it fills this many places
    seed: Tensor  # int64 [slots]
    streak: Tensor  # int64 [slots]: confident tokens in a row
    active: Tensor  # bool [slots]
    ended: Tensor  # int64 [slots]: index of _FINISH

    @classmethod
    def empty(cls, slots: int, capacity: int, like: Tensor) -> _Slots:
        device, exact = like.device, like.dtype

        def zeros(*shape: int, dtype: torch.dtype = torch.int64) -> Tensor:
            return torch.zeros(*shape, dtype=dtype, device=device)

        return cls(
            tokens=zeros(slots, capacity),
            logprobs=zeros(slots, capacity, dtype=exact),
            entropies=zeros(slots, capacity, dtype=exact),
            at=zeros(slots),
            known=zeros(slots),
            limit=zeros(slots),
            seed=zeros(slots),
            streak=zeros(slots),
            active=zeros(slots, dtype=torch.bool),
            ended=zeros(slots),
        )

    def first(self, width: int) -> _Slots:
        """The first slots alone, in the same memory."""
        return _Slots(*(getattr(self, field.name)[:width] for field in fields(self)))


@dataclass(frozen=True, eq=False)
class _Memory:
    """What a step moves on, of some slots."""

    states: Tensor
    keys: Tensor
    values: Tensor

    @classmethod
    def first(cls, cache: Cache, width: int) -> _Memory:
        """Of the first slots, in the cache's memory."""
        return cls(cache.states[:, :width], cache.keys[:, :width], cache.values[:, :width])


class Engine:
    """Writes turns of conversations; the model's weights may change between two of them."""

    def __init__(self, model: M1, ends: Sequence[int], vocab_size: int, config: EngineConfig):
        """``ends``: tokens that end a turn. ``vocab_size``: rows of the head that are tokens."""
        model.check_context(config.capacity)
        weight = model.model.embed_tokens.weight
        self.config = config
        self._model, self._vocab_size = model, vocab_size
        self._device = weight.device
        self._ends = torch.tensor(sorted(set(ends)), device=self._device)
        self._cache = model.make_cache(config.slots, capacity=config.capacity)
        self._slots = _Slots.empty(config.slots, config.capacity, model.lm_head.weight)
        self._own_past = _reads_own_past(model, self._cache)
        self._rows = torch.arange(config.slots, device=self._device)
        self._steps: dict[tuple[int | None, int], Callable[[], None]] = {}
        self._conversations: dict[int, _Conversation] = {}
        self._free = deque(range(config.slots))
        self._queue: deque[int] = deque()
        self._owner: dict[int, int] = {}
        self._next = 0
        self._ahead = [0] * config.slots  # at most the place of each slot
        self._long: list[tuple[int, int, int]] = []  # slot, first place and the one after the last
        self._held = 0  # looks since the oldest of them
        self.tokens_read = 0

    def begin(self, prompt: Sequence[int], *, room: int, seed: int) -> int:
        """A new conversation, to be gone on with by a turn of ``room`` tokens at most.

        It waits for a slot if it must. Returns its number.
        """
        self._check(len(prompt), room)
        number, self._next = self._next, self._next + 1
        self._conversations[number] = _Conversation(seed, tuple(prompt), room)
        self._queue.append(number)
        return number

    def more(self, conversation: int, read: Sequence[int], *, room: int) -> None:
        """Let a conversation whose turn is over read tokens and write another turn."""
        held = self._conversations[conversation]
        slot = held.slot
        assert slot is not None and not self._writes(slot), "its turn is not over"
        first = int(self._slots.at[slot]) + 1
        self._check(first + len(read), room)
        known = first + len(read)
        self._slots.tokens[slot, first:known] = torch.tensor(list(read), device=self._device)
        held.turn = known
        self._set(slot, at=first - 1, known=known, limit=known + room)
        self.tokens_read += len(read)
        if len(read) >= LONG:
            self._slots.active[slot] = False  # until it is read
            self._long.append((slot, first - 1, known - 1))

    def end(self, conversation: int) -> None:
        """Forget a conversation, at any time."""
        held = self._conversations.pop(conversation)
        if held.slot is None:
            self._queue.remove(conversation)
            return
        slots = self._slots
        slots.active[held.slot], slots.ended[held.slot], slots.at[held.slot] = False, 0, 0
        del self._owner[held.slot]
        self._long = [one for one in self._long if one[0] != held.slot]
        self._free.append(held.slot)
        if not self._conversations:
            self._begin_anew()

    @torch.inference_mode()
    def advance(self) -> list[tuple[int, Written]]:
        """Write until at least one turn is over; the turns that are. Empty if none is at hand."""
        self._fill()
        width = self._narrow()
        self._read_on()
        while bool(self._slots.active.any()):
            step = self._step_for(max(self._ahead) + self.config.burst + 1, width)
            for _ in range(self.config.burst):
                step()
            over = self._slots.ended.nonzero()[:, 0].tolist()
            self._ahead = self._slots.at.tolist()
            if over:
                return self._collect(over)
        return []

    def _begin_anew(self) -> None:
        """As if nothing had been written: a run that is resumed must round as one that was not."""
        self._free = deque(range(self.config.slots))
        self._ahead = [0] * self.config.slots
        self._slots.tokens.zero_()
        self._slots.at.zero_()
        self._cache.states.zero_()

    def _check(self, read: int, room: int) -> None:
        assert read > 0 and room > 0, "something is read, and something may be written"
        if read + room > self.config.capacity:
            raise UserError(
                f"{read:,} tokens and room for {room:,} more are beyond the engine's capacity of "
                f"{self.config.capacity:,}: shorten the prompt or the turn"
            )

    def _writes(self, slot: int) -> bool:
        return bool(self._slots.active[slot])

    def _set(self, slot: int, *, at: int, known: int, limit: int) -> None:
        held = self._slots
        held.at[slot], held.known[slot], held.limit[slot] = at, known, limit
        held.streak[slot], held.ended[slot], held.active[slot] = 0, 0, True
        self._ahead[slot] = at

    def _fill(self) -> None:
        """Give free slots to those that wait. A prompt that several share is read once."""
        taken: list[int] = []
        while self._queue and self._free:
            number = self._queue.popleft()
            slot = self._free.popleft()
            self._owner[slot] = number
            self._conversations[number].slot = slot
            taken.append(number)
        if not taken:
            return
        held = [self._conversations[number] for number in taken]
        slots = [one.slot for one in held if one.slot is not None]
        distinct = list(dict.fromkeys(one.prompt for one in held))
        place = {prompt: i for i, prompt in enumerate(distinct)}
        index = torch.tensor(slots, device=self._device)
        source = torch.tensor([place[one.prompt] for one in held], device=self._device)
        self._read(distinct, index, source)
        self.tokens_read += sum(len(prompt) for prompt in distinct)
        width = max(map(len, distinct))
        padded = torch.tensor([[*one.prompt, *[0] * (width - len(one.prompt))] for one in held])
        self._slots.tokens[index, :width] = padded.to(self._device)
        for one in held:
            one.turn = len(one.prompt)
        self._set_many(index, held)

    def _set_many(self, index: Tensor, held: list[_Conversation]) -> None:
        slots = self._slots
        lengths = torch.tensor([len(one.prompt) for one in held], device=self._device)
        room = torch.tensor([one.room for one in held], device=self._device)
        slots.at[index], slots.known[index], slots.limit[index] = (
            lengths - 1,
            lengths,
            lengths + room,
        )
        slots.seed[index] = torch.tensor([signed(one.seed) for one in held], device=self._device)
        slots.streak[index], slots.ended[index], slots.active[index] = 0, 0, True
        for one in held:
            assert one.slot is not None
            self._ahead[one.slot] = len(one.prompt) - 1

    def _narrow(self) -> int:
        """The number of slots, from the first on, that a step must feed.

        The halving of all slots that still holds every conversation; those beyond it move.
        """
        width = self.config.slots
        while width // 2 >= NARROW and len(self._owner) <= width // 2:
            width //= 2
        beyond = sorted(slot for slot in self._owner if slot >= width)
        if beyond:
            holes = sorted(slot for slot in self._free if slot < width)[: len(beyond)]
            self._move(dict(zip(beyond, holes, strict=True)))
        return width

    def _move(self, places: dict[int, int]) -> None:
        """Conversations from slots (keys) to free ones (values), with all that they remember."""
        slots, cache = self._slots, self._cache
        old = torch.tensor(list(places), device=self._device)
        new = torch.tensor(list(places.values()), device=self._device)
        for field in fields(slots):
            held: Tensor = getattr(slots, field.name)
            held[new] = held[old]
        slots.active[old], slots.ended[old], slots.at[old] = False, 0, 0
        cache.states[:, new] = cache.states[:, old]
        most = max(self._ahead[slot] for slot in places) + 1
        for store in (cache.keys, cache.values):
            store[:, new, :, :most] = store[:, old, :, :most]
        for before, after in places.items():
            number = self._owner.pop(before)
            self._owner[after] = number
            self._conversations[number].slot = after
            self._ahead[after], self._ahead[before] = self._ahead[before], 0
            self._free.remove(after)
            self._free.append(before)
        self._long = [(places.get(slot, slot), first, last) for slot, first, last in self._long]

    def _read(self, prompts: list[tuple[int, ...]], index: Tensor, source: Tensor) -> None:
        """All but the last token of each prompt into the slots that go on from it."""
        cache = self._cache
        cache.states[:, index] = 0
        longer = [i for i, prompt in enumerate(prompts) if len(prompt) > 1]
        if not longer:
            return
        scratch = self._model.make_cache(len(prompts))
        prefill(self._model, [torch.tensor(prompts[i][:-1]) for i in longer], scratch, longer)
        cache.states[:, index] = scratch.states[:, source]
        most = min(scratch.capacity, cache.capacity)
        for old, new in ((cache.keys, scratch.keys), (cache.values, scratch.values)):
            old[:, index, :, :most] = new[:, source, :, :most]

    def _read_on(self) -> None:
        """Long readings of conversations that go on, once several wait or one has waited."""
        self._held = self._held + 1 if self._long else 0
        enough = self._held > HOLD or len(self._long) >= TOGETHER
        if not self._long or not (enough or not bool(self._slots.active.any())):
            return
        todo, self._long, self._held = self._long, [], 0
        tokens = self._slots.tokens
        for slot, first, _ in todo:
            self._cache.lengths[slot] = first
        parts = [tokens[slot, first:last].cpu() for slot, first, last in todo]
        prefill(self._model, parts, self._cache, [slot for slot, _, _ in todo])
        for slot, _, last in todo:
            self._slots.at[slot] = self._ahead[slot] = last
            self._slots.active[slot] = True

    def _collect(self, over: list[int]) -> list[tuple[int, Written]]:
        slots = self._slots
        index = torch.tensor(over, device=self._device)
        last = max(self._ahead[slot] for slot in over) + 1
        tokens, logprobs, entropies = (
            x[index, :last].tolist() for x in (slots.tokens, slots.logprobs, slots.entropies)
        )
        reasons = slots.ended[index].tolist()
        slots.ended[index] = 0
        found: list[tuple[int, Written]] = []
        for row, slot in enumerate(over):
            number = self._owner[slot]
            part = slice(self._conversations[number].turn, self._ahead[slot] + 1)
            finish = _FINISH[reasons[row]]
            assert finish is not None, "an ended turn has a reason"
            written = Written(
                tuple(tokens[row][part]),
                tuple(logprobs[row][part]),
                tuple(entropies[row][part]),
                finish,
            )
            found.append((number, written))
        return found

    def _step_for(self, length: int, width: int) -> Callable[[], None]:
        """The step of ``width`` slots that looks at enough keys for places below ``length``."""
        span = None if self._own_past else self._span(length)
        if (span, width) not in self._steps:
            self._steps[span, width] = self._make_step(span, width)
        return self._steps[span, width]

    def _span(self, length: int) -> int:
        span = SPAN
        while span < length:
            span *= 2
        return min(span, self.config.capacity)

    def _make_step(self, span: int | None, width: int) -> Callable[[], None]:
        held, memory = self._slots.first(width), _Memory.first(self._cache, width)

        def step() -> None:
            self._step(held, memory, span)

        if self._device.type != "cuda":
            return step
        return _captured(step, self._slots)

    def _step(self, held: _Slots, memory: _Memory, span: int | None) -> None:
        """Feed one token to each slot and draw the next; nothing is read back from the device."""
        rows = self._rows[: len(held.at)]
        token = held.tokens[rows, held.at]
        hidden = decode_rows(
            self._model,
            token,
            held.at,
            held.active,
            memory,
            span=span,
            compiled=self.config.compiled,
        )
        logits = self._model.logits(hidden)[:, : self._vocab_size]
        plain = logits.log_softmax(-1)
        warm = self.config.temperature not in (0, 1)
        logprobs = (logits / self.config.temperature).log_softmax(-1) if warm else plain
        probabilities = logprobs.exp()
        sums = probabilities.cumsum(-1)
        following = (held.at + 1).clamp(max=self.config.capacity - 1)
        share = uniform(held.seed, following) * sums[:, -1]
        drawn = torch.searchsorted(sums, share[:, None], right=True)[:, 0]
        drawn = drawn.clamp(max=self._vocab_size - 1)
        if not self.config.temperature:
            drawn = plain.argmax(-1)
        told = following < held.known
        before = held.tokens[rows, following]
        held.tokens[rows, following] = torch.where(held.active & ~told, drawn, before)
        wrote = held.active & ~told
        for store, value in (
            (held.logprobs, logprobs.gather(1, drawn[:, None])[:, 0]),
            (held.entropies, -(probabilities * logprobs.clamp(min=-1e4)).sum(-1)),
        ):
            store[rows, following] = torch.where(wrote, value, store[rows, following])
        self._judge(held, wrote, drawn, following, plain)

    def _judge(
        self, held: _Slots, wrote: Tensor, drawn: Tensor, following: Tensor, plain: Tensor
    ) -> None:
        """Which turns end with this token, and why: its own end before all else."""
        confidence = self.config.confidence
        reason = torch.where(following + 1 >= held.limit, 2, 0)
        if confidence is not None:
            sure = plain.gather(1, drawn[:, None])[:, 0].exp() > confidence.probability
            longer = torch.where(sure, held.streak + 1, 0)
            held.streak.copy_(torch.where(wrote, longer, held.streak))
            reason = torch.where(held.streak >= confidence.tokens, 3, reason)
        own = (drawn[:, None] == self._ends).any(-1)
        reason = torch.where(own, 1, reason)
        reason = torch.where(wrote, reason, 0)
        held.at.add_(held.active)
        held.ended.add_(reason)
        held.active.logical_and_(reason == 0)


def _reads_own_past(model: M1, cache: Cache) -> bool:
    """Whether the length of one conversation costs the others nothing."""
    config = model.config
    groups = config.num_kv_heads
    query = cache.keys.new_empty(1, groups, config.num_heads // groups, config.head_dim)
    return reads_own_past(query, cache.keys)


def _captured(step: Callable[[], None], slots: _Slots) -> Callable[[], None]:
    """A CUDA graph of a step. The steps before the capture run on no active slot."""
    active = slots.active.clone()
    slots.active.fill_(False)
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(WARM):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    # Another thread may train meanwhile.
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        step()
    slots.active.copy_(active)
    return graph.replay
