"""The tables of a page's Markdown, as rows of cells."""

import re

from tests.services import CHECKOUT


def rows(page: str, first: str) -> list[dict[str, str]]:
    """Return the rows of all tables of a page of the reference whose first column has that title."""
    found: list[dict[str, str]] = []
    titles: list[str] = []
    for line in (CHECKOUT / "docs" / "reference" / f"{page}.md").read_text().splitlines():
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
        if not cells:
            titles = []
        elif not titles:
            titles = cells
        elif titles[0] == first and not set(cells[0]) <= set(":-"):
            found.append(dict(zip(titles, cells, strict=True)))
    return found


def code(cell: str) -> str:
    """Return the text of a cell that is one piece of code, or nothing."""
    found = re.fullmatch(r"`([^`]+)`", cell)
    return found[1] if found else ""
