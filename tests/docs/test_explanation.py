"""What the code cites of the explanations is there, and so is each test that they name."""

import re
import subprocess

import pytest

from tests.services import CHECKOUT

EXPLANATION = CHECKOUT / "docs" / "explanation"
SECTIONS = re.compile(r"azure-differences\.md, sections? ((?:\d(?:\.\d)?(?:, | to | and )?)+)")
NUMBERS = {
    "threat-model.md": re.compile(r"\bthreats? (T\d+)\b", re.IGNORECASE),
    "promises.md": re.compile(r"\bfaults? (F\d+)\b", re.IGNORECASE),
}


def cited(pattern: re.Pattern[str]) -> set[str]:
    names = ["git", "ls-files", "-z", "--", "jupyter_modelpack", "tests", "*.md"]
    said = subprocess.run(names, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    files = [CHECKOUT / name for name in said.split("\0") if name and (CHECKOUT / name).is_file()]
    text = "\n".join(path.read_text(errors="replace") for path in files)
    return {found for match in pattern.findall(text) for found in re.findall(r"[TF]?\d+(?:\.\d)?", match)}


def test_cited_sections_of_the_differences_from_azure_exist():
    text = (EXPLANATION / "azure-differences.md").read_text()
    headings = re.findall(r"^#{2,3} (\d(?:\.\d)?)\.? ", text, re.MULTILINE)
    assert len(headings) == len(set(headings))
    assert cited(SECTIONS) <= set(headings)


@pytest.mark.parametrize("page", NUMBERS)
def test_cited_threats_and_faults_exist(page):
    rows = re.findall(r"^\| ([TF]\d+) \|", (EXPLANATION / page).read_text(), re.MULTILINE)
    assert len(rows) == len(set(rows))
    found = cited(NUMBERS[page])
    assert found, "the pattern finds what the code cites"
    assert found <= set(rows)


@pytest.mark.parametrize("page", sorted(path.name for path in EXPLANATION.glob("*.md")))
def test_named_tests_exist(page):
    named = re.findall(r"`(tests/[\w/.]+)`", (EXPLANATION / page).read_text())
    assert [path for path in named if not (CHECKOUT / path).exists()] == []
