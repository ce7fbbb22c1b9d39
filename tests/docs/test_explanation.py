"""What the code cites of the explanations is there, and so is each test that they name."""

import re
import subprocess

import pytest

from tests.services import CHECKOUT

EXPLANATION = CHECKOUT / "docs" / "explanation"
NUMBER = r"(?:[TF]\d+|\d(?:\.\d)?)"
HEADINGS = {
    "azure-differences.md": rf"^#{{2,3}} ({NUMBER})\.? ",
    "threat-model.md": rf"^\| ({NUMBER}) \|",
    "promises.md": rf"^\| ({NUMBER}) \|",
}


def cited(page: str) -> set[str]:
    """Return the numbers of a page that code and tests cite, as in ``azure-differences.md 7.3, 8``."""
    names = ["git", "ls-files", "-z", "--", "jupyter_modelpack", "tests", "*.md"]
    said = subprocess.run(names, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    files = [CHECKOUT / name for name in said.split("\0") if name and (CHECKOUT / name).is_file()]
    text = "\n".join(path.read_text(errors="replace") for path in files)
    citations = re.findall(rf"{re.escape(page)}`? ({NUMBER}(?:(?:, |-| to | and ){NUMBER})*)", text)
    return {number for citation in citations for number in re.findall(NUMBER, citation)}


@pytest.mark.parametrize("page", HEADINGS)
def test_what_is_cited_of_a_page_exists(page):
    there = re.findall(HEADINGS[page], (EXPLANATION / page).read_text(), re.MULTILINE)
    assert len(there) == len(set(there))
    found = cited(page)
    assert len(found) > 5, "the pattern finds what the code cites"
    assert found <= set(there)


@pytest.mark.parametrize("page", sorted(path.name for path in EXPLANATION.glob("*.md")))
def test_named_tests_exist(page):
    named = re.findall(r"`(tests/[\w/.]+)`", (EXPLANATION / page).read_text())
    assert [path for path in named if not (CHECKOUT / path).exists()] == []
