"""A view as HTML.

Markup is a tree of elements and only the serialiser writes tags: data can become text or an
attribute's value, never markup. Colours are JupyterLab's own variables, with a fallback for
converted pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree as ET

from jupyter_modelpack.frontends.render.view import Block, Fields, Line, Part, Table, Tone, View, visible

_COLOURS: Mapping[Tone, str] = {
    "": "inherit",
    "muted": "var(--jp-ui-font-color2, #616161)",
    "good": "var(--jp-success-color1, #2e7d32)",
    "warn": "var(--jp-warn-color1, #a15c00)",
    "bad": "var(--jp-error-color1, #c62828)",
}
_CELL = "text-align: left; white-space: pre"


def element(tag: str, *children: ET.Element | str, **attributes: str) -> ET.Element:
    """Make one element; strings among the children become text, attribute `class_` is ``class``."""
    made = ET.Element(tag, {name.rstrip("_"): visible(value) for name, value in attributes.items()})
    last: ET.Element | None = None
    for child in children:
        if isinstance(child, ET.Element):
            made.append(child)
            last = child
        elif last is None:
            made.text = (made.text or "") + visible(child, lines=True)
        else:
            last.tail = (last.tail or "") + visible(child, lines=True)
    return made


def html(view: View) -> str:
    """Return the view as one ``<div>``."""
    return serialise(element("div", *(_part(part) for part in view), class_="modelpack"))


def serialise(tree: ET.Element) -> str:
    """Return the markup of a tree."""
    return ET.tostring(tree, encoding="unicode", method="html")


def _part(part: Part) -> ET.Element:
    match part:
        case Line():
            return element("div", visible(part.text), style=f"color: {_COLOURS[part.tone]}")
        case Block():
            return element("pre", part.text)
        case Fields():
            rows = (
                element("tr", element("th", name, scope="row", style=_CELL), element("td", visible(value), style=_CELL))
                for name, value in part.rows
            )
            return element("table", element("tbody", *rows))
        case Table():
            return _table(part)


def _table(table: Table) -> ET.Element:
    head = element("tr", *(element("th", name, scope="col", style=_CELL) for name in table.columns))
    body = []
    for number, row in enumerate(table.rows):
        tone = table.tones[number] if table.tones else ""
        style = f"{_CELL}; color: {_COLOURS[tone]}" if tone else _CELL
        body.append(element("tr", *(element("td", visible(cell), style=style) for cell in row)))
    if not body and table.empty:
        body.append(element("tr", element("td", table.empty, colspan=str(len(table.columns)), style=_CELL)))
    return element("table", element("thead", head), element("tbody", *body))
