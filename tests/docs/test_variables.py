"""Every environment variable that is read stands in the manual, with its default, and no other."""

import ast
import functools
import re
from collections.abc import Iterator
from dataclasses import fields

import pytest

from jupyter_modelpack.scoring import script_constants
from jupyter_modelpack.scoring.settings import UNHEEDED, Settings
from tests.docs.tables import code, rows
from tests.services import CHECKOUT

PACKAGE = CHECKOUT / "jupyter_modelpack"
OURS = re.compile(r"(MODELPACK|WORKER|AZUREML|AML|SCORING|SERVICE|OTEL)_[A-Z0-9_]*[A-Z]")
"""Names that are variables wherever they stand by themselves in the code."""

ENVIRONMENTS = {"environ", "environment"}
ROWS = {code(row["variable"]): row for row in rows("variables", "variable")}
OPTIONS = {option.metadata["name"]: option for option in fields(Settings)}


def read(source: str) -> Iterator[str]:
    """Yield the variables that a module reads from the environment."""
    tree = ast.parse(source)
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=held, attr="get" | "pop" | "setdefault"), args=[name, *_]):
                pass
            case ast.Call(func=ast.Attribute(value=ast.Name(id="os") as held, attr="getenv"), args=[name, *_]):
                pass
            case ast.Subscript(value=held, slice=name, ctx=ast.Load()):
                pass
            case ast.Compare(left=name, ops=[ast.In() | ast.NotIn()], comparators=[held]):
                pass
            case ast.Constant(value=str(text)) if OURS.fullmatch(text):
                yield text
                continue
            case _:
                continue
        called = held.attr if isinstance(held, ast.Attribute) else held.id if isinstance(held, ast.Name) else ""
        value = name.value if isinstance(name, ast.Constant) else constants.get(getattr(name, "id", ""))
        if called in {*ENVIRONMENTS, "os"} and isinstance(value, str):
            yield value


def default_of(name: str) -> str:
    """Return the default of a setting of the server, as the manual writes it."""
    value = OPTIONS[name].default
    if name.endswith("_MS"):
        value = round(value * 1000)  # kept in seconds
    if value in ("", (), -1):
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value if isinstance(value, (str, int)) else format(value, 'g')}`"


@functools.cache
def known() -> set[str]:
    """Return the variables that the package reads; not while tests are collected, which every worker does."""
    return {name for path in PACKAGE.rglob("*.py") for name in read(path.read_text())} | set(UNHEEDED)


@pytest.mark.parametrize(
    "source",
    [
        'os.environ.get("X_Y")', 'os.environ["X_Y"]', 'os.getenv("X_Y", "")', 'environ.get("X_Y")',
        '"X_Y" in os.environ',
        'NAME = "X_Y"\ndef look():\n    return os.environ.get(NAME)', 'environment.setdefault("X_Y", "1")',
    ],
)  # fmt: skip
def test_a_variable_is_found_where_it_is_read(source):
    assert list(read(source)) == ["X_Y"]


def test_what_is_no_variable_is_not_taken_for_one():
    assert list(read('os.environ["X"] = "1"\nvalues.get("Y")\n"a sentence with MODELPACK_HOME"')) == []


def test_the_manual_has_every_variable_and_no_other():
    assert set(ROWS) == known()
    assert len(rows("variables", "variable")) == len(ROWS)


@pytest.mark.parametrize("name", sorted(ROWS))
def test_a_variable_has_a_default_a_unit_and_a_meaning(name):
    assert all(ROWS[name][title] for title in ("default", "unit", "meaning"))


@pytest.mark.parametrize("name", sorted(set(OPTIONS) - {"AML_APP_ROOT"}))
def test_the_default_of_a_setting_is_that_of_the_server(name):
    said = ROWS[name]["default"]
    assert said == default_of(name)


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_the_unit_of_a_setting_is_what_the_server_parses(name):
    parse, unit = OPTIONS[name].metadata["parse"], ROWS[name]["unit"]
    units = {"_seconds": "seconds", "_milliseconds": "milliseconds", "_switch": "switch", "_share": "share, 0 to 1"}
    if parse.__name__ in units:
        assert unit == units[parse.__name__]
    elif "_one_of" in parse.__qualname__:
        words = re.findall(r"`(\w+)`", unit)
        assert [parse(word) for word in words] == words
        assert OPTIONS[name].default in words
    else:
        assert unit not in units.values()


def test_the_manual_says_which_settings_a_script_may_make():
    assert {name for name, row in ROWS.items() if "also in the script" in row["meaning"]} == script_constants.NAMES


def test_every_variable_that_the_manual_names_anywhere_is_read():
    pages = [path for path in (CHECKOUT / "docs").rglob("*.md") if "_build" not in path.parts]
    named = {
        name[0]
        for path in pages
        for name in re.finditer(r"\b(MODELPACK|WORKER|AZUREML)_[A-Z_]*[A-Z]\b", path.read_text())
    }
    assert named - known() == set()
