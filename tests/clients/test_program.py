"""The text of programs: what stands for the request means the request, whatever is in it; nothing else gets in."""

import ast
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_modelpack.clients import program as clients
from jupyter_modelpack.clients.json_text import layout
from jupyter_modelpack.clients.program import KEY, LANGUAGES, Call, language, program, readable
from jupyter_modelpack.frontends.render.view import visible
from tests.clients.samples import HARD, TEXT, VALUE, VALUES
from tests.clients.tools import NEEDS, TRIED, UNTRIED

each = pytest.mark.parametrize("name", LANGUAGES)
ANY = VALUES | st.text()  # halves of surrogate pairs among them
URL = "http://127.0.0.1:6789/score"


def of(name: str, body: object, **more: object) -> str:
    return program(language(name), Call("prices:1", URL, body, **more))  # type: ignore[arg-type]


def between(text: str, first: str, last: str) -> str:
    return text.split(first, 1)[1].rsplit(last, 1)[0]


def undoubled(text: str) -> str:
    """Read backslashes as JavaScript and Java do; every one is doubled."""
    assert not re.sub(r"\\\\", "", text).count("\\")
    return text.replace("\\\\", "\\")


def in_python(text: str) -> object:
    found = next(node for node in ast.parse(text).body if ast.unparse(node).startswith("data ="))
    return ast.literal_eval(found.value)  # type: ignore[attr-defined]


def in_javascript(text: str) -> object:
    literal = between(text, " = `", "`; // or JSON")
    assert "`" not in literal
    assert "${" not in literal
    return json.loads(undoubled(literal))


def in_java(text: str) -> object:
    literal = between(text, '"""\n', '"""')
    assert '"""' not in literal
    assert all(line == line.rstrip() for line in literal.split("\n")[:-1])
    return json.loads(undoubled(literal))


def in_go(text: str) -> object:
    literal = between(text, "body = `", "`\n\nfunc main")
    assert "`" not in literal
    return json.loads(literal)


def in_csharp(text: str) -> object:
    literal = between(text, 'Body = @"', '";\n\n    static int Main')
    assert '"' not in literal.replace('""', "")
    return json.loads(literal.replace('""', '"'))


def in_r(text: str) -> object:
    literal = between(text, 'r"---(', ')---"')
    assert ")---" not in literal
    return json.loads(literal)


def in_curl(text: str) -> object:
    literal = between(text, "<<'JSON'\n", "\nJSON")
    assert "JSON" not in literal.split("\n")
    return json.loads(literal)


def in_powershell(text: str) -> object:
    literal = between(text, "@'\n", "\n'@\n$headers")
    assert not any(line.startswith("'@") for line in literal.split("\n"))
    return json.loads(literal)


READ: dict[str, Callable[[str], object]] = {
    "python": in_python,
    "curl": in_curl,
    "javascript": in_javascript,
    "typescript": in_javascript,
    "go": in_go,
    "csharp": in_csharp,
    "java": in_java,
    "r": in_r,
    "powershell": in_powershell,
}
"""How each language reads what stands for the request; that these are its rules, `test_live.py` shows."""


@given(value=ANY)
def test_what_stands_for_the_request_is_the_request(value):
    assert {name: READ[name](of(name, value)) for name in LANGUAGES} == dict.fromkeys(LANGUAGES, value)


@each
def test_hard_values_are_what_they_are(name):
    assert READ[name](of(name, VALUE)) == VALUE


@each
def test_a_program_is_shown_as_it_is_and_reads_well(name):
    text = of(name, VALUE, keys=True, note="Made up.")
    assert visible(text, lines=True) == text  # no character that a terminal would take for its own
    assert max(map(len, of(name, [1], keys=True, note="Made up.").split("\n"))) < 121
    assert "@@" not in text.replace(json.dumps(HARD[3])[1:-1], "").replace("@@body @@{key}", "")
    assert "Made up." in text
    assert KEY in text
    if name in {"java", "csharp", "r", "powershell"}:
        assert text.isascii()  # they read files in the encoding of the machine


@each
def test_of_keys_tls_and_notes_a_program_says_nothing_where_there_are_none(name):
    plain = of(name, [1])
    assert KEY not in plain
    assert "Authorization" not in plain
    assert "authority" not in plain
    closed = program(language(name), Call("prices:1", "https://localhost:1/score", [1], keys=True))
    assert KEY in closed
    assert "https://localhost:1/score" in closed


@given(target=TEXT)
@settings(max_examples=30)
def test_no_name_ends_a_comment(target):
    for name in LANGUAGES:
        text = program(language(name), Call(target, URL, [1]))
        assert text.count("\n") == of(name, [1]).count("\n")
        assert text.isascii()


def test_numbers_that_json_does_not_have_are_pythons():
    assert eval(between(of("python", [float("nan"), float("inf"), -float("inf")]), "data = ", "\n\nheaders"))[1:] == [
        float("inf"),
        -float("inf"),
    ]


def test_java_takes_a_long_sample_in_pieces():
    text = of("java", ['é"\\'] * 10_000)
    pieces = re.findall(r'^        "((?:[^"\\]|\\.)*)"', text, re.MULTILINE)
    assert max(map(len, pieces)) < 65_536
    joined = "".join(pieces).replace("\\n", "\n").replace('\\"', '"').replace("\\\\", "\\")
    assert json.loads(joined) == ['é"\\'] * 10_000


def test_short_rows_stay_on_a_line_and_long_ones_are_filled():
    assert layout({"data": [[1, 2.0], [3, None]]}) == '{"data": [[1, 2.0], [3, null]]}'
    rows = layout({"data": [[number] * 12 for number in range(4)], "more": list(range(40))}).split("\n")
    assert rows[:3] == ["{", '  "data": [', "    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],"]
    assert len(rows) < 14
    assert max(map(len, rows)) <= 88


def test_what_is_no_json_or_too_deep_is_not_readable():
    assert readable('{"data": [1]}') == (True, {"data": [1]})
    assert readable("[" * 99 + "1" + "]" * 99)[0]
    for text in ("{", "", "[" * 200 + "]" * 200, "[" * 100_000):
        assert not readable(text)[0]


@each
def test_the_deepest_that_is_readable_can_be_shown(name):
    shown, value = readable("[" * 99 + "1" + "]" * 99)
    assert shown
    assert READ[name](of(name, value)) == value


def test_every_language_is_a_file_is_tried_or_says_that_it_is_not():
    folder = Path(clients.__file__).parent / "languages"
    assert {path.stem for path in folder.glob("[a-z]*.py")} == set(LANGUAGES)
    assert set(NEEDS) == set(TRIED)
    assert {name for name in LANGUAGES if "UNTRIED" in of(name, [1]).split("\n")[0]} == UNTRIED
