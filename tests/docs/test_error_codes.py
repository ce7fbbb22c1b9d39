"""Every error code stands in the manual, with what it says and what to do, and no other."""

import html
import re
from pathlib import Path

import pytest

from tests.docs.tables import rows
from tests.error_codes import BRANCHES, codes, raised


@pytest.fixture(scope="module")
def cells(manual: Path) -> list[list[str]]:
    """Return the rows of the page's tables, as text."""
    page = (manual / "reference" / "error-codes.html").read_text()
    found = re.findall(r"<tr.*?</tr>", page, re.DOTALL)
    return [[plain(cell) for cell in re.findall(r"<t[dh].*?</t[dh]>", row, re.DOTALL)] for row in found]


def plain(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", text)).split())


def test_every_code_is_in_the_manual_and_no_other(cells: list[list[str]]):
    listed = {row[0] for row in cells if len(row) == 3 and row[0] not in {"", "code"}}
    assert listed == set(codes())


def test_every_message_is_in_the_manual_with_its_remedy(cells: list[list[str]]):
    listed = {tuple(row[1:]) for row in cells if len(row) == 3}
    said = {(" ".join(each.message.split()), " ".join(each.hint.split())) for each in raised()}
    assert said - listed == set()
    assert len(said) > 200


def test_every_class_says_its_exit_code_and_its_http_status(manual: Path):
    page = plain((manual / "reference" / "error-codes.html").read_text())
    missing = [
        name
        for name, kind in BRANCHES.items()
        if f"Exit code {kind.exit_code}, HTTP status {kind.http_status}." not in page or f" {name}# " not in page
    ]
    assert missing == []


def test_the_exit_codes_are_those_of_the_classes():
    listed = {int(row["exit code of `modelpack`"]) for row in rows("error-codes", "exit code of `modelpack`")}
    assert listed == {0, *(kind.exit_code for kind in BRANCHES.values())}
