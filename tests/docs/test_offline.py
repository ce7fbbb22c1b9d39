"""The built manual asks no other host for anything."""

import re
from html.parser import HTMLParser
from pathlib import Path

from tests.services import CHECKOUT

FOREIGN = re.compile(r"\s*(?:https?:)?//", re.IGNORECASE)
IN_STYLES = re.compile(r"""(?:@import\s*|url\(\s*)["']?((?:https?:)?//[^"')\s]+)""", re.IGNORECASE)


class Assets(HTMLParser):
    """Collects what a browser would fetch by itself; a link to click on is none of it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = ("src", "srcset", "data", "poster", *(("href",) if tag in {"link", "use", "image"} else ()))
        self.found += [value or "" for name, value in attrs if name in named]
        self.found += [url for name, value in attrs if name == "style" for url in IN_STYLES.findall(value or "")]


def foreign(page: str) -> list[str]:
    assets = Assets()
    assets.feed(page)
    styles = "\n".join(re.findall(r"<style.*?</style>", page, re.DOTALL | re.IGNORECASE))
    return [url for url in assets.found if FOREIGN.match(url)] + IN_STYLES.findall(styles)


def test_what_a_page_loads_is_told_from_what_it_links_to():
    page = """<link href="//fonts.example.com/x.css"><a href="https://example.com">x</a><img src="own.png">
        <script src="https://cdn.example.com/x.js"></script><style>@import "https://example.com/y.css";</style>
        <p style="background: url('http://example.com/z.png')">"""
    assert [url.rpartition("/")[2] for url in foreign(page)] == ["x.css", "x.js", "z.png", "y.css"]


def test_no_page_loads_anything_from_another_host(manual: Path):
    pages = sorted(manual.rglob("*.html"))
    assert len(pages) > 12
    assert {str(page.relative_to(manual)): found for page in pages if (found := foreign(page.read_text()))} == {}


def test_no_style_loads_anything_from_another_host(manual: Path):
    styles = sorted(manual.rglob("*.css"))
    assert styles
    assert {path.name: found for path in styles if (found := IN_STYLES.findall(path.read_text()))} == {}


def test_every_tutorial_is_a_page_with_its_outputs(manual: Path):
    for notebook in sorted((CHECKOUT / "notebooks").glob("*.ipynb")):
        page = (manual / "tutorials" / "notebooks" / f"{notebook.stem}.html").read_text()
        assert "cell_output" in page, notebook.name
