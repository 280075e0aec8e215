"""From text to sections."""


class SettingsError(Exception):
    """The text is no configuration."""


def parse(text):
    """``{section: {key: text}}``."""
    sections = {}
    current, last = "", None
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.strip()
        if not stripped:
            last = None
        elif stripped[0] in "#;":
            continue
        elif line[0] == " ":
            if last is None:
                raise SettingsError(f"line {number}: nothing to continue")
            sections[current][last] += " " + uncomment(stripped)
        elif stripped[0] == "[":
            if stripped[-1] != "]":
                raise SettingsError(f"line {number}: expected a closing bracket")
            current, last = stripped[1:-1].strip().lower(), None
            sections.setdefault(current, {})
        else:
            last, value = pair(stripped, number)
            section = sections.setdefault(current, {})
            if last in section:
                raise SettingsError(f"line {number}: {last} is given twice")
            section[last] = value
    return sections


def pair(line, number):
    """Key and value of a line; only the first ``=`` divides."""
    key, equals, value = line.partition("=")
    if not equals or not key.strip():
        raise SettingsError(f"line {number}: expected key = value")
    return key.strip().lower(), uncomment(value.strip())


def uncomment(value):
    """A value without the comment behind it."""
    at = value.find(" #")
    return value if at < 0 else value[:at].rstrip()
