"""Text and HTML say the same, and data never becomes markup or moves the cursor."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from jupyter_modelpack.frontends.render import html as markup
from jupyter_modelpack.frontends.render import text as plain
from jupyter_modelpack.frontends.render.view import Block, Fields, Line, Table, visible
from tests.frontends.hostile_strings import HOSTILE


class Reader(HTMLParser):
    """Collects tags and text of a page, as a browser would see them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.cells: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag in {"td", "th", "pre", "div"}:
            self.cells.append("")

    def handle_data(self, data):
        self.cells[-1] += data


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader


def test_table_as_text_is_aligned_as_docker_aligns_it() -> None:
    table = Table(("REPOSITORY", "TAG", "SIZE"), (("127.0.0.1:21000/package", "1", "224MB"), ("a", "latest", "1B")))
    assert plain.text((table,)) == (
        "REPOSITORY                TAG       SIZE\n"
        "127.0.0.1:21000/package   1         224MB\n"
        "a                         latest    1B"
    )


def test_table_as_html_has_headings_and_cells() -> None:
    page = markup.html((Table(("A", "B"), (("1", "2"),)),))
    assert '<th scope="col"' in page
    assert read(page).cells == ["", "A", "B", "1", "2"]


def test_empty_table_says_so_in_both() -> None:
    view = (Table(("NAME",), (), empty="There is none."),)
    assert plain.text(view) == "NAME\nThere is none."
    assert read(markup.html(view)).cells[-1] == "There is none."


def test_the_same_view_gives_the_same_bytes() -> None:
    def view():
        return (Line("done", "good"), Fields((("a", "b"),)), Table(("X",), (("1",),), ("bad",)), Block("l1\nl2"))

    assert markup.html(view()) == markup.html(view())
    assert plain.text(view()) == "done\na  b\nX\n1\nl1\nl2"


def test_hostile_strings_stay_text() -> None:
    page = markup.html(
        (Table(("NAME",), tuple((text,) for text in HOSTILE)), *map(Line, HOSTILE), *map(Block, HOSTILE))
    )
    reader = read(page)
    assert reader.tags == {"div", "table", "thead", "tbody", "tr", "th", "td", "pre"}
    assert reader.attributes == {"class", "style", "scope"}
    assert HOSTILE[0] in reader.cells


def test_no_control_character_reaches_the_screen() -> None:
    view = (Table(("NAME",), tuple((text,) for text in HOSTILE)), *map(Line, HOSTILE), *map(Block, HOSTILE))
    for text in (plain.text(view), markup.html(view)):
        assert not set("\x1b\x07\r\x00\u202e\u200b") & set(text)
        text.encode()


@given(st.text())
def test_visible_text_is_one_harmless_line(text: str) -> None:
    shown = visible(text)
    assert "\n" not in shown
    assert shown.isprintable() or all(char.isspace() or ord(char) > 0x9F for char in shown if not char.isprintable())
    shown.encode()
