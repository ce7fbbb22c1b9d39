"""Write the pages that are made from the code, before Sphinx looks for its sources."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import api_pages
import error_page
import verb_pages

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def write(folder: Path, pages: dict[str, str]) -> None:
    """Make `folder` hold these pages and no other."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.md"):
        if path.stem not in pages:
            path.unlink()
    for name, text in pages.items():
        refresh(folder / f"{name}.md", text)


def refresh(path: Path, text: str) -> None:
    """Make a file hold `text`; one that does already keeps its time, by which Sphinx knows what to read again."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def _write(app: Sphinx, _config: object) -> None:
    reference = Path(app.srcdir) / "reference"
    write(reference / "verbs", verb_pages.pages())
    write(reference / "api", api_pages.pages())
    refresh(reference / "_error-codes.md", error_page.text())


def setup(app: Sphinx) -> dict[str, Any]:
    """Write them when Sphinx has read its configuration."""
    app.connect("config-inited", _write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
