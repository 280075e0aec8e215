"""From sections to text."""


def write(sections):
    """Sections and keys sorted, the section ``""`` first and without a head line, a blank line
    between sections; sections without keys are left out.
    """
    blocks = []
    for section in sorted(sections):
        pairs = sections[section]
        if not pairs:
            continue
        lines = [f"[{section}]"] if section else []
        lines += [f"{key} = {pairs[key]}" for key in sorted(pairs)]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)
