"""Each error class says what front ends answer, and each code can be looked up."""

import re

import pytest

from jupyter_modelpack import errors
from jupyter_modelpack.commands.grammar import help as texts
from jupyter_modelpack.frontends import cli
from jupyter_modelpack.frontends.lab.http_errors import status
from tests.error_codes import BRANCHES, codes, in_source, raised, table

ANSWERS = {
    "ModelpackError": (1, 500),
    "UsageError": (2, 400),
    "NotFound": (3, 404),
    "PathNotFound": (3, 404),
    "Conflict": (4, 409),
    "Untrusted": (5, 422),
    "Unavailable": (6, 503),
    "Denied": (7, 403),
    "BuildFailed": (8, 422),
    "ScoringFailed": (8, 422),
    "ServiceDied": (8, 422),
    "Cancelled": (130, 409),
}
"""What scripts and pages rely on."""


def test_every_class_has_an_exit_code_and_an_http_status():
    assert {name: (kind.exit_code, kind.http_status) for name, kind in BRANCHES.items()} == ANSWERS


def test_a_branch_can_be_told_by_its_exit_code():
    branches = [kind for kind in BRANCHES.values() if errors.ModelpackError in kind.__bases__]
    assert len({kind.exit_code for kind in branches}) == len(branches)
    assert all("exit_code" in vars(kind) and "http_status" in vars(kind) for kind in branches)


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt(), errors.ModelpackError("x")])
def test_what_is_on_no_branch_is_a_server_error(error):
    assert status(error) == 500


@pytest.mark.parametrize("text", [cli.__doc__, texts.overview("shell")], ids=["docstring", "help"])
def test_the_exit_codes_that_are_written_down_are_those_of_the_classes(text):
    listed = re.search(r"Exit codes:(.*?)anything else", text, re.DOTALL)
    assert {int(number) for number in re.findall(r"\b\d+\b", listed[1])} == {
        0,
        *(kind.exit_code for kind in BRANCHES.values()),
    }


def test_every_code_is_a_word_for_programs_and_has_its_row():
    word = r"[a-z][a-z0-9]*(-[a-z0-9]+|-<\w+>)*|<\w+>(-[a-z0-9]+)+"
    assert [entry for entry in raised() if not re.fullmatch(word, entry.code)] == []
    rows = table().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == codes()
    assert {"disk-full", "more-than-script", "no-engine-there", "service-died", "usage"} <= set(codes())


def test_no_error_is_made_without_words():
    assert [entry for entry in raised() if not entry.message.strip("… ")] == []


def test_codes_messages_and_remedies_are_read_from_the_sources():
    source = """
FULL = "disk-full"

def check(path):
    hint = "Free some." if path else "Choose another."
    kind = UsageError if path else NotFound
    raise Unavailable(f"The disk of {str(path)} is full.", hint=hint, code=FULL)
    raise kind("No.", code="a-b" if path else "c")
    raise Denied(_said("Reading"))
    _refused("x", "one")
    _refused("y", code="two")
    raise Conflict(error.message, code=error.code)

def _refused(what, code):
    return Conflict(f"No {what}.", code=code)
"""
    found = {(entry.code, entry.branch, entry.message, entry.hint) for entry in in_source(source, "x.py")}
    assert found == {
        ("disk-full", "Unavailable", "The disk of <path> is full.", "Free some. / Choose another."),
        ("a-b", "UsageError", "No.", ""),
        ("c", "UsageError", "No.", ""),
        ("a-b", "NotFound", "No.", ""),
        ("c", "NotFound", "No.", ""),
        ("denied", "Denied", "…", ""),
        ("one", "Conflict", "No <what>.", ""),
        ("two", "Conflict", "No <what>.", ""),
    }
