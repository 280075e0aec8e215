"""Several configurations as one."""

from reader import SettingsError
from values import convert


def merge(*layers):
    """Later layers win, key by key; no layer is changed."""
    merged = {}
    for layer in layers:
        for section, pairs in layer.items():
            merged[section] = {**merged.get(section, {}), **pairs}
    return merged


def lookup(sections, name, default=None):
    """The value of ``section.key`` with references filled in; a key without a section is looked
    up in ``""``. The default, as it is, where there is none.
    """
    text = _find(sections, name)
    return default if text is None else convert(expand(sections, text))


def expand(sections, text, seen=()):
    """Replace ``${section.key}``, also in what was put in; a circle is an error."""
    start = text.find("${")
    if start < 0:
        return text
    end = text.find("}", start)
    if end < 0:
        raise SettingsError("a reference is not closed")
    name = text[start + 2 : end]
    found = _find(sections, name)
    if found is None:
        raise SettingsError(f"unknown reference {name}")
    if name in seen:
        raise SettingsError(f"{name} refers to itself")
    inner = expand(sections, found, seen + (name,))
    return text[:start] + inner + expand(sections, text[end + 1 :], seen)


def _find(sections, name):
    section, dot, key = name.lower().rpartition(".")
    return sections.get(section, {}).get(key)
