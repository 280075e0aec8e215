"""Conversations as ids, in which nobody's text can begin or end a turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ostinato.chat.messages import Message, Tool
from ostinato.chat.template import ASSISTANT, Marker, pieces
from ostinato.chat.tokenizer import Tokenizer


def encode_chat(
    tokenizer: Tokenizer,
    messages: Sequence[Message],
    tools: Sequence[Tool] = (),
    *,
    add_generation_prompt: bool = True,
) -> list[int]:
    """Ids of the prompt: our markers as special tokens, everything else as text.

    What follows an assistant's header is encoded apart from it, as it was when it was generated:
    a prompt begins with the ids of the prompts before it and of the replies to them.
    """
    parts = _parts(tokenizer, messages, tools, add_generation_prompt=add_generation_prompt)
    return [token for ids, _ in parts for token in ids]


def encode_training(
    tokenizer: Tokenizer, messages: Sequence[Message], tools: Sequence[Tool] = ()
) -> tuple[list[int], list[bool]]:
    """Ids of a finished conversation, and which of them the model is to learn to write.

    These are each reply of the assistant and the ``<end_of_sentence>`` after it.
    """
    ids: list[int] = []
    learnt: list[bool] = []
    for part, written in _parts(tokenizer, messages, tools, add_generation_prompt=False):
        ids += part
        learnt += [written] * len(part)
    return ids, learnt


def _parts(
    tokenizer: Tokenizer,
    messages: Sequence[Message],
    tools: Sequence[Tool],
    *,
    add_generation_prompt: bool,
) -> Iterator[tuple[list[int], bool]]:
    """Ids of each piece, and whether an assistant wrote them."""
    replying = False
    previous: str | Marker = ""
    for piece in pieces(messages, tools, add_generation_prompt=add_generation_prompt):
        if isinstance(piece, Marker):
            yield [tokenizer.marker(piece)], replying
            replying = False
        else:
            yield tokenizer.encode(piece), replying
            replying = replying or (previous is Marker.BEGIN and piece == ASSISTANT)
        previous = piece
