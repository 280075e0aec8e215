"""Elements of a page as strings that HTML and XML both read, and its one style sheet."""

from __future__ import annotations

import html
from collections.abc import Sequence

from ostinato.jobs.show import printable

_EMPTY = ("meta", "path", "circle", "br")


def escaped(text: object) -> str:
    """A stranger's text on one line, without control characters and without markup."""
    return html.escape(printable(str(text)))


def element(tag: str, inner: str = "", /, **attributes: object) -> str:
    """An element around markup. Attributes are escaped; ``class_`` and ``aria_label`` are told
    as they are in HTML.
    """
    told = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escaped(value)}"'
        for name, value in attributes.items()
    )
    return f"<{tag}{told}/>" if tag in _EMPTY else f"<{tag}{told}>{inner}</{tag}>"


def table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, left: Sequence[str] = ()
) -> str:
    """A table of markup. Columns are right-aligned but the first and those in ``left``."""
    side = ["" if n and name not in left else "left" for n, name in enumerate(columns)]
    head = "".join(
        element("th", escaped(name), scope="col", class_=one)
        for name, one in zip(columns, side, strict=True)
    )
    body = "".join(
        element("tr", "".join(element("td", c, class_=s) for c, s in zip(row, side, strict=True)))
        for row in rows
    )
    made = element("table", element("thead", element("tr", head)) + element("tbody", body))
    return element("div", made, class_="wide")


def document(title: str, body: str) -> str:
    """A whole page, which asks for nothing from anywhere."""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    head = (
        element("meta", charset="utf-8")
        + f'<meta http-equiv="Content-Security-Policy" content="{policy}"/>'
        + element("meta", name="viewport", content="width=device-width, initial-scale=1")
        + element("meta", name="color-scheme", content="light dark")
        + element("title", escaped(title))
        + element("style", _STYLE)
    )
    page = element("html", element("head", head) + element("body", body), lang="en")
    return f"<!DOCTYPE html>\n{page}\n"


_STYLE = """
:root {
  --ground: #ffffff; --ink: #1f2328; --quiet: #66707a; --line: #e4e7ea; --mark: #cfd5da;
  --blue: #0072b2; --red: #c04f00; --green: #00795a; --purple: #a2508a; --ochre: #8a6200;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --ground: #14171a; --ink: #e3e6e9; --quiet: #939ca5; --line: #282d32; --mark: #3e454c;
    --blue: #5db5ea; --red: #f08c4f; --green: #45c79d; --purple: #dd9bc6; --ochre: #dfb052;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 3rem 1.25rem 4rem; max-width: 800px; background: var(--ground);
  color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Inter, "Helvetica Neue",
  Arial, sans-serif; font-variant-numeric: tabular-nums;
}
h1 { font-size: 1.65rem; line-height: 1.2; font-weight: 600; margin: 0 0 .35rem;
  overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; font-weight: 600; margin: 3rem 0 .4rem; }
h3 { font-size: 13px; font-weight: 500; margin: 1.4rem 0 0; }
p { margin: 0 0 .8rem; max-width: 66ch; }
.quiet, figcaption span, footer { color: var(--quiet); }
figure { margin: .9rem 0 0; break-inside: avoid; }
figcaption { font-size: 13px; margin-bottom: .15rem; overflow-wrap: anywhere; }
.pair, .many { display: grid; column-gap: 24px; grid-template-columns: repeat(2, minmax(0, 1fr)); }
.many { column-gap: 16px; grid-template-columns: repeat(auto-fill, minmax(172px, 1fr)); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(128px, 1fr));
  gap: 1rem 1.5rem; margin: 1.6rem 0 0; padding: 1.1rem 0; border: solid var(--line);
  border-width: 1px 0; }
.facts div { display: flex; flex-direction: column; }
.facts dt { font-size: 13px; color: var(--quiet); }
.facts dd { margin: 0; font-size: 1.4rem; line-height: 1.35; font-weight: 500;
  white-space: nowrap; }
.facts dd.under { font-size: 13px; font-weight: 400; color: var(--quiet); white-space: normal; }
.settings { columns: 2; column-gap: 32px; margin: .6rem 0; font-size: 13px; }
.settings div { display: flex; gap: 1rem; justify-content: space-between; break-inside: avoid;
  border-bottom: 1px solid var(--line); padding: .18rem 0; }
.settings dt { color: var(--quiet); }
.settings dd { margin: 0; text-align: right; overflow-wrap: anywhere; }
details { margin: .6rem 0; } summary { cursor: pointer; color: var(--quiet); font-size: 13px; }
.wide { overflow-x: auto; margin-top: .7rem; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th { font-weight: 500; color: var(--quiet); } th, td { text-align: right; vertical-align: middle;
  padding: .3rem 0 .3rem 1.1rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { padding-left: 0; }
th.left, td.left { text-align: left; }
td.left { white-space: normal; overflow-wrap: break-word; max-width: 26rem; }
td.left + td.left:last-child { min-width: 14rem; }
td svg { display: inline-block; width: 96px; vertical-align: middle; }
tr.all td { font-weight: 600; }
td:has(.bar) { width: 40%; }
.bar i { display: block; height: 7px; background: var(--blue); }
footer { margin-top: 3.5rem; font-size: 13px; }
svg { display: block; max-width: 100%; height: auto; overflow: visible; }
svg text { font-size: 11px; fill: currentColor; } svg text.tick { fill: var(--quiet); }
svg .end { text-anchor: end; } svg .mid { text-anchor: middle; } svg .value { font-weight: 600; }
svg path { fill: none; stroke-linejoin: round; stroke-linecap: round; }
svg .grid { stroke: var(--line); } svg .mark { stroke: var(--mark); stroke-dasharray: 1 3; }
svg .floor { stroke: var(--quiet); stroke-dasharray: 5 4; }
svg .line { stroke: currentColor; stroke-width: 1.6; }
svg .raw { stroke: currentColor; stroke-width: 1; opacity: .28; }
svg circle { fill: currentColor; }
.ink { color: var(--ink); } .blue { color: var(--blue); } .red { color: var(--red); }
.green { color: var(--green); } .purple { color: var(--purple); } .ochre { color: var(--ochre); }
.full { overflow-x: auto; }
@media (max-width: 560px) {
  .full svg { min-width: 600px; } .pair { grid-template-columns: 1fr; } .settings { columns: 1; }
}
@media print {
  body { padding: 0; max-width: none; font-size: 11pt; } h2, h3, section > p { break-after: avoid; }
  tr { break-inside: avoid; } details::details-content { content-visibility: visible; }
}
"""
