"""Plain values: what a candidate's reply may be, read strictly and compared by type and value.

A reply is text that a stranger wrote, so reading it must be linear in its length, bounded in depth
and free of anything but data: it is JSON, less what JSON leaves open.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, cast

from ostinato.base.errors import UserError

MAX_BYTES = 1 << 20
MAX_DEPTH = 64
MAX_DIGITS = 4000  # of an int: below the length from which Python refuses to read one

_MARKS = re.compile(rb'\\.|["\[\]{}]', re.DOTALL)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)


class ReplyError(ValueError):
    """A reply that is not exactly one plain value in the form agreed."""


def plain(value: object, depth: int = 0) -> Any:
    """The value with lists for tuples; UserError if it is not plain, or nested too deeply."""
    if depth > MAX_DEPTH - 2:  # a reply has an object around it
        raise UserError(f"expected values nested at most {MAX_DEPTH - 2} deep, got a deeper one")
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, (list, tuple)):
        return [plain(item, depth + 1) for item in cast("Sequence[object]", value)]
    if isinstance(value, dict):
        items = cast("dict[object, object]", value).items()
        return {_key(key): plain(item, depth + 1) for key, item in items}
    raise UserError(f"expected a plain value (as JSON has them), got {value!r}")


def read_reply(data: bytes) -> Any:
    """The value of a reply, ``{"value": ...}`` and not a byte more; ReplyError for anything else:
    several replies, other or repeated keys, NaN and infinities, too long, too deep.
    """
    if not data:
        raise ReplyError("no reply")
    if len(data) > MAX_BYTES:
        raise ReplyError(f"a reply of more than {MAX_BYTES} bytes")
    if not (data.startswith(b"{") and data.endswith(b"}")):
        raise ReplyError("something around the reply")
    if _too_deep(data):
        raise ReplyError(f"a reply nested more than {MAX_DEPTH} deep")
    try:
        reply = json.loads(
            data.decode(),
            object_pairs_hook=_object,
            parse_int=_int,
            parse_float=_float,
            parse_constant=_constant,
        )
    except ReplyError:
        raise
    except ValueError:  # of the decoder and of json
        raise ReplyError("not one JSON value") from None
    if list(reply) != ["value"]:
        raise ReplyError("not an object with the one key 'value'")
    return reply["value"]


def same(value: object, expected: object, tolerance: float = 0.0) -> bool:
    """Equal in type and value all the way down: 1, 1.0 and True differ. Floats may differ by
    ``tolerance``, absolutely or relatively. Both are plain, without tuples.
    """
    if type(value) is not type(expected):
        return False
    if isinstance(expected, float):
        return _close(cast(float, value), expected, tolerance)
    if isinstance(expected, list):
        ours, theirs = cast("list[object]", expected), cast("list[object]", value)
        return len(theirs) == len(ours) and all(
            same(a, b, tolerance) for a, b in zip(theirs, ours, strict=True)
        )
    if isinstance(expected, dict):
        wanted, got = cast("dict[str, object]", expected), cast("dict[str, object]", value)
        return got.keys() == wanted.keys() and all(
            same(got[key], item, tolerance) for key, item in wanted.items()
        )
    return value == expected


def same_text(text: str, expected: str, *, exact: bool = False, tolerance: float = 0.0) -> bool:
    """Equal token by token (decimal numbers within the tolerance, if there is one), or exactly
    but for one line end at the end.
    """
    if exact:
        return text.removesuffix("\n") == expected.removesuffix("\n")
    theirs, ours = text.split(), expected.split()
    return len(theirs) == len(ours) and all(
        a == b or (tolerance > 0 and _close_tokens(a, b, tolerance))
        for a, b in zip(theirs, ours, strict=True)
    )


def _close(value: float, expected: float, tolerance: float) -> bool:
    return value == expected or abs(value - expected) <= tolerance * max(1.0, abs(expected))


def _close_tokens(text: str, expected: str, tolerance: float) -> bool:
    if not (_NUMBER.fullmatch(text) and _NUMBER.fullmatch(expected)):
        return False
    value, wanted = float(text), float(expected)
    return math.isfinite(value) and math.isfinite(wanted) and _close(value, wanted, tolerance)


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise UserError(f"expected text as the keys of an object, got {key!r}")
    return key


def _too_deep(data: bytes) -> bool:
    """Whether brackets outside strings nest too deep, in one pass."""
    depth = 0
    quoted = False
    for mark in _MARKS.finditer(data):
        match mark.group():
            case b'"':
                quoted = not quoted
            case b"[" | b"{" if not quoted:
                depth += 1
                if depth > MAX_DEPTH:
                    return True
            case b"]" | b"}" if not quoted:
                depth -= 1
            case _:
                pass
    return False


def _object(pairs: Sequence[tuple[str, Any]]) -> Mapping[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ReplyError("a key twice in one object")
    return read


def _int(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ReplyError(f"an integer of more than {MAX_DIGITS} digits")
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ReplyError("a number beyond all floats")
    return value


def _constant(text: str) -> NoReturn:
    raise ReplyError(f"{text} is not a plain value")
