"""A language model put to work: prompts to answers, one or several at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from ostinato.base.device import pick_device, pick_dtype
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
from ostinato.models.m1 import M1


@dataclass(frozen=True, eq=False)
class Reply:
    """An answer in a conversation."""

    parsed: Parsed
    completion: Completion


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

    def stream(self, request: Request) -> Iterator[Delta]:
        """Answer one request, token by token."""
        return (delta for _, delta in self._run([self._writer(request)]))

    def request(self, text: str, **options: object) -> Request:
        """A request that goes on from plain text; ``options`` are the fields of `Request`."""
        ids = tuple(self.tokenizer.encode(text))
        return replace(Request(prompt=ids), **options)  # pyright: ignore[reportArgumentType]

    def chat(
        self, messages: Sequence[Message], tools: Sequence[Tool] = (), **options: object
    ) -> Reply:
        """The next turn of a conversation; ``options`` are the fields of `Request`."""
        ids = tuple(encode_chat(self.tokenizer, messages, tools))
        request = replace(Request(prompt=ids), **options)  # pyright: ignore[reportArgumentType]
        (found,) = self.generate([request])
        return Reply(parse(found.text), found)

    def _writer(self, request: Request) -> Writer:
        limit = self.model.config.max_position_embeddings
        bad = [token for token in request.prompt if not 0 <= token < self.model.config.vocab_size]
        if bad:
            raise UserError(
                f"token id {bad[0]} is outside of this model's vocabulary of "
                f"{self.model.config.vocab_size}: encode the text with the model's own tokenizer"
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
        logits = prefill(self.model, prompts, cache)
        active = list(range(len(writers)))
        while True:
            logprobs = logits.log_softmax(-1)
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
            logits = decode(self.model, following, cache, active)


def _next(writer: Writer, sampler: Sampler, logprobs: Tensor) -> tuple[int, Delta]:
    token = writer.forced()
    if token is None:
        token = sampler.choose(logprobs)
    logprob = float(logprobs[token])
    confidence = writer.request.confidence
    probable = confidence is not None and logprob > _log(confidence.probability)
    return token, writer.accept(token, logprob, probable)


def _log(probability: float) -> float:
    return float(torch.tensor(probability, dtype=torch.float64).log())


def load_language_model(
    name: str | Path, *, device: str | None = None, dtype: str | None = None
) -> LanguageModel:
    """Load an M1 with its tokenizer from a model directory, or a bundled one by name."""
    folder = find_model(name)
    place = pick_device(device)
    tokenizer = Tokenizer.load(folder)
    model = M1.from_pretrained(folder, device=place, dtype=pick_dtype(dtype, place))
    if tokenizer.vocab_size > model.config.vocab_size:
        raise UserError(
            f"{folder}: the tokenizer has {tokenizer.vocab_size} tokens and the model only "
            f"{model.config.vocab_size}: they do not belong together"
        )
    return LanguageModel(str(name), model, tokenizer)
