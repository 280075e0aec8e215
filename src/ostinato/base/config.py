"""Recipes: a TOML file, with dotted overrides, becomes a frozen dataclass; what does not fit fails.

A field's type may be bool, int, float, str, Path, Literal, a tuple, another dataclass, or an
optional one of these. TOML has no null: what is optional is left out.
"""

from __future__ import annotations

import dataclasses
import math
import tomllib
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from ostinato.base.errors import UserError

T = TypeVar("T")


def load_recipe(path: Path | str, cls: type[T], overrides: Sequence[str] = ()) -> T:
    """Read ``path`` and lay ``overrides`` ("train.steps=10") over it; relative paths stay so."""
    table = read_table(path, overrides)
    try:
        return from_dict(cls, table)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def read_table(path: Path | str, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """What ``load_recipe`` builds from: the TOML file with the overrides laid over it."""
    try:
        table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError):
        raise UserError(f"{path}: there is no such recipe; expected a TOML file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: expected TOML, but {error}") from None
    for override in overrides:
        lay_over(table, override)
    return table


def from_dict(cls: type[T], values: Mapping[str, Any]) -> T:
    """Build the dataclass ``cls``; every key must be a field, every value of its field's type."""
    return cast(T, _build(cls, values, ""))


def to_dict(config: Any) -> dict[str, Any]:
    """What JSON can hold and `from_dict` turns back: paths as strings, tuples as lists."""
    return {f.name: _plain(getattr(config, f.name)) for f in dataclasses.fields(config)}


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return to_dict(value)
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in cast("Sequence[Any]", value)]
    return str(value) if isinstance(value, Path) else value


def lay_over(table: dict[str, Any], override: str) -> None:
    """Put one override ("train.steps=10") into a table, in place."""
    key, equals, text = override.partition("=")
    *parents, name = key.strip().split(".")
    if not equals or not all((*parents, name)):
        raise UserError(f"override {override!r}: expected key=value, such as train.steps=10")
    for parent in parents:
        inner: object = table.setdefault(parent, {})
        if not isinstance(inner, dict):
            raise UserError(f"override {override!r}: {parent} is a value, not a table of keys")
        table = cast("dict[str, Any]", inner)
    table[name] = _parse(text.strip())


def _parse(text: str) -> Any:
    """A TOML value; what is none is a bare string, so that the shell's quotes suffice."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _build(cls: type[Any], values: object, key: str) -> Any:
    if not isinstance(values, Mapping):
        raise _misfit(key, "a table of keys", values)
    given = cast("Mapping[str, Any]", values)
    fields = {f.name: f for f in dataclasses.fields(cls) if f.init}
    unknown = [name for name in given if name not in fields]
    if unknown:
        name = _dotted(key, unknown[0])
        raise UserError(f"unknown key {name!r}: expected one of {', '.join(sorted(fields))}")
    hints = get_type_hints(cls)
    for name, field in fields.items():
        required = field.default is field.default_factory is dataclasses.MISSING
        if required and name not in given:
            raise UserError(f"key {_dotted(key, name)!r} is missing: expected {_name(hints[name])}")
    return cls(**{n: _convert(v, hints[n], _dotted(key, n)) for n, v in given.items()})


def _convert(value: object, hint: Any, key: str) -> Any:
    origin = get_origin(hint)
    if dataclasses.is_dataclass(hint):
        return _build(cast("type[Any]", hint), value, key)
    if origin in (Union, types.UnionType):
        return _convert_optional(value, hint, key)
    if origin is tuple:
        return _convert_tuple(value, hint, key)
    if origin is Literal:
        if any(value == choice and type(value) is type(choice) for choice in get_args(hint)):
            return value
    elif hint is float and type(value) in (int, float):
        number = float(cast("float", value))
        if not math.isfinite(number):
            raise _misfit(key, "a finite number", value)
        return number
    elif hint is Path and isinstance(value, (str, Path)):
        return Path(value)
    elif type(value) is hint:
        return value
    raise _misfit(key, _name(hint), value)


def _convert_optional(value: object, hint: Any, key: str) -> Any:
    kinds = [kind for kind in get_args(hint) if kind is not types.NoneType]
    assert len(kinds) == 1, f"{key}: a configuration field is of one type, or optional"
    return None if value is None else _convert(value, kinds[0], key)


def _convert_tuple(value: object, hint: Any, key: str) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        raise _misfit(key, _name(hint), value)
    items = tuple(cast("Sequence[object]", value))
    kinds = get_args(hint)
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(items)
    if len(items) != len(kinds):
        raise _misfit(key, _name(hint), list(items))
    pairs = zip(items, kinds, strict=True)
    return tuple(_convert(item, kind, f"{key}[{i}]") for i, (item, kind) in enumerate(pairs))


def _misfit(key: str, expected: str, value: object) -> UserError:
    return UserError(f"key {key!r}: expected {expected}, got {value!r}")


def _name(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return " or ".join(repr(choice) for choice in get_args(hint))
    if get_origin(hint) in (Union, types.UnionType):
        return _name(next(kind for kind in get_args(hint) if kind is not types.NoneType))
    if get_origin(hint) is tuple:
        kinds = ["..." if kind is Ellipsis else _name(kind) for kind in get_args(hint)]
        return f"a list of ({', '.join(kinds)})"
    return hint.__name__


def _dotted(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name
