"""Where in a reply the answer stands. A reply that offers more than one answer offers none."""

from __future__ import annotations

import re
from enum import StrEnum


class AnswerForm(StrEnum):
    """How an answer is to be marked in a reply."""

    TAG = "tag"
    """Between ``<answer>`` and ``</answer>``."""
    BOXED = "boxed"
    r"""Inside ``\boxed{}``."""
    PLAIN = "plain"
    """The whole reply is the answer."""

    @property
    def instruction(self) -> str:
        """What a prompt says about it."""
        return _INSTRUCTIONS[self]

    def mark(self, answer: str) -> str:
        """A reply that is this answer and nothing else."""
        return _MARKS[self].format(answer)

    def read(self, reply: str) -> str | None:
        """The one answer of a reply, without space around it; None where there is none, an empty
        one, or more than one.
        """
        match self:
            case AnswerForm.TAG:
                found = _tagged(reply)
            case AnswerForm.BOXED:
                found = _boxed(reply)
            case AnswerForm.PLAIN:
                found = [reply]
        return (found[0].strip() or None) if len(found) == 1 else None


_INSTRUCTIONS = {
    AnswerForm.TAG: "Write your answer once, between <answer> and </answer>.",
    AnswerForm.BOXED: r"Write your answer once, inside \boxed{}.",
    AnswerForm.PLAIN: "Reply with the answer alone.",
}
_MARKS = {
    AnswerForm.TAG: "<answer>{}</answer>",
    AnswerForm.BOXED: r"\boxed{{{}}}",
    AnswerForm.PLAIN: "{}",
}
_TAG = re.compile(r"</?answer>")


def _tagged(reply: str) -> list[str]:
    """What stands between tags; nothing if they are not simple pairs."""
    tags = list(_TAG.finditer(reply))
    names = [tag.group() for tag in tags]
    pairs = len(tags) // 2
    if names != ["<answer>", "</answer>"] * pairs:
        return []
    return [reply[tags[2 * i].end() : tags[2 * i + 1].start()] for i in range(pairs)]


def _boxed(reply: str) -> list[str]:
    r"""The contents of every ``\boxed{}``, braces balanced; nothing if one is never closed."""
    found: list[str] = []
    at = 0
    while (start := reply.find(r"\boxed{", at)) >= 0:
        first = at = start + len(r"\boxed{")
        depth = 1
        while depth and at < len(reply):
            if reply[at] == "\\":
                at += 1  # an escaped brace
            elif reply[at] in "{}":
                depth += 1 if reply[at] == "{" else -1
            at += 1
        if depth:
            return []
        found.append(reply[first : at - 1])
    return found
