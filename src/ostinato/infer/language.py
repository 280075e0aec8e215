"""A language model put to work: prompts to answers, one or several at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ostinato.base.device import one_thread, pick_device, pick_dtype
from ostinato.base.errors import UserError
from ostinato.chat.encode import encode_chat
from ostinato.chat.messages import Message, Tool
from ostinato.chat.parse import Parsed, parse
from ostinato.chat.tokenizer import Tokenizer
from ostinato.infer.directory import find_model
from ostinato.infer.prefill import decode, prefill
from ostinato.infer.requests import Completion, Delta, Request
from ostinato.infer.sampling import Sampler
from ostinato.infer.writer import Writer
from ostinato.models.m1 import M1, M1Config

# So narrow a model writes by one thread, and reads a prompt that is not long by one. On two cores
# and for one answer a second thread gains a token 0 to 20 % and a prompt 25 to 50 %; beside another
# busy program it costs them ten times and more, since threads that wait for each other spin. More
# answers at once and more cores were not measured.
NARROW = 256  # hidden_size
LONG = 2048  # tokens, of all prompts


@dataclass(frozen=True, eq=False)
class Reply:
    """An answer in a conversation."""

    parsed: Parsed
    completion: Completion


class Stream(Iterator[Delta]):
    """An answer that is being written: its deltas, and once they are over, the whole."""

    def __init__(self, writer: Writer, deltas: Iterator[Delta]) -> None:
        self._writer = writer
        self._deltas = deltas

    def __next__(self) -> Delta:
        return next(self._deltas)

    def completion(self) -> Completion:
        """What all the deltas make; they must have been read to their end."""
        return self._writer.completion()


@dataclass(frozen=True, eq=False)
class LanguageModel:
    """An M1 with its tokenizer."""

    name: str
    model: M1
    tokenizer: Tokenizer

    def generate(self, requests: Sequence[Request]) -> list[Completion]:
        """Answer requests together. Each gets the tokens that it would get alone."""
        writers = [self._writer(request) for request in requests]
        for _ in self._run(writers):
            pass
        return [writer.completion() for writer in writers]

    def stream(self, request: Request) -> Stream:
        """Answer one request, token by token."""
        writer = self._writer(request)
        return Stream(writer, (delta for _, delta in self._run([writer])))

    def chat(
        self, messages: Sequence[Message], tools: Sequence[Tool] = (), **options: Any
    ) -> Reply:
        """The next turn of a conversation; ``options`` are the fields of `Request`."""
        (found,) = self.generate([self.chat_request(messages, tools, **options)])
        return Reply(parse(found.text), found)

    def chat_request(
        self, messages: Sequence[Message], tools: Sequence[Tool] = (), **options: Any
    ) -> Request:
        """A request for the next turn; ``options`` are the other fields of `Request`."""
        return Request(prompt=tuple(encode_chat(self.tokenizer, messages, tools)), **options)

    def text_request(self, text: str, **options: Any) -> Request:
        """A request to go on from the beginning of a document, as in pre-training."""
        ids = [self.tokenizer.document_begin, *self.tokenizer.encode(text)]
        return Request(prompt=tuple(ids), **options)

    def _writer(self, request: Request) -> Writer:
        limit, size = self.model.config.max_position_embeddings, self.model.config.vocab_size
        if bad := [token for token in request.prompt if not 0 <= token < size]:
            raise UserError(
                f"token id {bad[0]} is outside of this model's vocabulary of {size}: encode the "
                "text with the model's own tokenizer"
            )
        if len(request.prompt) >= limit:
            raise UserError(
                f"the prompt has {len(request.prompt):,} tokens and leaves no room for an answer "
                f"in a context of {limit:,}: shorten it"
            )
        return Writer(request, self.tokenizer, room=limit - len(request.prompt))

    @torch.inference_mode()
    def _run(self, writers: Sequence[Writer]) -> Iterator[tuple[int, Delta]]:
        """Write every answer to its end; which one grew, and by what."""
        if not writers:
            return
        cache = self.model.make_cache(len(writers))
        samplers = [Sampler(writer.request.sampling) for writer in writers]
        prompts = [torch.tensor(writer.request.prompt) for writer in writers]
        narrow = self.model.config.hidden_size <= NARROW
        with one_thread(narrow and sum(map(len, prompts)) <= LONG):
            logits = prefill(self.model, prompts, cache)
        active = list(range(len(writers)))
        while True:
            # Published models have rows that stand for no token: they are never chosen.
            logprobs = logits.log_softmax(-1)[:, : self.tokenizer.vocab_size]
            tokens: list[int] = []
            for row, i in enumerate(active):
                token, delta = _next(writers[i], samplers[i], logprobs[row])
                tokens.append(token)
                yield i, delta
            going = [row for row, i in enumerate(active) if not writers[i].finished]
            if not going:
                return
            active = [active[row] for row in going]
            following = torch.tensor([tokens[row] for row in going], device=logits.device)
            with one_thread(narrow):
                logits = decode(self.model, following, cache, active)


def _next(writer: Writer, sampler: Sampler, logprobs: Tensor) -> tuple[int, Delta]:
    token = writer.forced()
    if token is None:
        token = sampler.choose(logprobs)
    logprob = float(logprobs[token])
    if math.isnan(logprob):
        raise UserError(
            "the model's output is not a number: its weights are damaged, or too large for float16 "
            "(float32 and bfloat16 have the range)"
        )
    confidence = writer.request.confidence
    probable = confidence is not None and math.exp(logprob) > confidence.probability
    return token, writer.accept(token, logprob, probable)


def load_language_model(
    name: str | Path, *, device: str | None = None, dtype: str | None = None
) -> LanguageModel:
    """Load an M1 with its tokenizer from a model directory, or a bundled one by name."""
    folder = find_model(name)
    place = pick_device(device)
    size = M1Config.from_pretrained(folder).vocab_size
    tokenizer = Tokenizer.load(folder)
    if tokenizer.vocab_size > size:
        raise UserError(
            f"{folder}: the tokenizer has {tokenizer.vocab_size} tokens and the model only {size}: "
            "they do not belong together"
        )
    model = M1.from_pretrained(folder, device=place, dtype=pick_dtype(dtype, place))
    return LanguageModel(str(name), model, tokenizer)
