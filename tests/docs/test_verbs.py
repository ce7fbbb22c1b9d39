"""Every verb and every option that can be typed is in the manual, and no other."""

import re
from pathlib import Path

import pytest

from jupyter_modelpack.commands.grammar.help import explain, overview
from jupyter_modelpack.commands.grammar.verbs import VERBS

PLACES = ("shell", "line", "cell", "lab")
HELP = {
    (verb.name, place): explain(verb, place).split("\nexamples:")[0]
    for verb in VERBS
    for place in PLACES
    if place in verb.places
}
"""What people read in place of the manual."""


def typed(help_text: str) -> set[str]:
    """Return the options that a verb's help lists."""
    listed = re.findall(r"^  (-.*?)(?:  .*)?$", help_text.partition("\noptions:\n")[2], re.MULTILINE)
    return {flag for line in listed for flag in re.findall(r"(?<![\w-])--?[a-z][\w-]*", line)}


def test_the_options_of_a_help_text_are_found():
    assert typed("usage: x\n\noptions:\n  -h, --help      Explain --this\n  --dry-run  y\n") == {
        "-h",
        "--help",
        "--dry-run",
    }


def test_every_verb_has_a_page_and_no_other_has(manual: Path):
    pages = {page.stem for page in (manual / "reference" / "verbs").glob("*.html")} - {"index"}
    assert pages == {verb.name for verb in VERBS}


def test_the_list_of_verbs_says_what_each_does(manual: Path):
    text = re.sub(r"<[^>]+>", "", (manual / "reference" / "verbs" / "index.html").read_text())
    said = re.findall(r"^  (\w+)  +(\S.*)$", overview("shell").partition("\n\nA first service")[0], re.MULTILINE)
    assert len(said) == len([verb for verb in VERBS if "shell" in verb.places])
    assert [summary for _, summary in said if summary not in text] == []


@pytest.mark.parametrize("verb", [verb.name for verb in VERBS])
def test_every_option_of_a_verb_is_described_and_no_other(anchors: dict[str, set[str]], verb: str):
    known = set().union(*(typed(text) for (name, _), text in HELP.items() if name == verb))
    described = {name.partition(".")[2] for name in anchors["std:cmdoption"] if name.startswith(f"modelpack-{verb}.")}
    assert {name for name in described if name.startswith("-")} == known
    assert known


@pytest.mark.parametrize("verb", [verb.name for verb in VERBS])
def test_every_argument_of_a_verb_is_described_and_no_other(anchors: dict[str, set[str]], verb: str):
    usages = [text.partition("\n")[0] for (name, _), text in HELP.items() if name == verb]
    known = {argument for usage in usages for argument in re.findall(r"\[([A-Z]+)(?: \.\.\.)?\]", usage)}
    described = {name.partition(".")[2] for name in anchors["std:cmdoption"] if name.startswith(f"modelpack-{verb}.")}
    assert {name for name in described if not name.startswith("-")} == known
