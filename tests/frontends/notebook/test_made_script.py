"""A model without an entry script, packaged by the one line."""

import fractions
import json
import pickle  # noqa: TID251 - the tests make the pickles that nobody may load
from pathlib import Path

import pytest

from jupyter_modelpack.api.model import Model
from jupyter_modelpack.api.workspace import Workspace
from jupyter_modelpack.errors import UsageError

NOTEBOOK = """
class Sums:
    def __init__(self, offset): self.offset = offset
    def predict(self, rows): return [total(row) + self.offset for row in rows]
    def predict_proba(self, rows): return [[1.0, 0.0] for row in rows]
def total(row): return float(sum(row))
class Doubles:
    def transform(self, rows): return rows * 2
sums, doubles, rows = Sums(1), Doubles(), [[1, 2], [3, 4]]
"""


@pytest.fixture
def typed(shell):
    assert shell.run_cell(NOTEBOOK, store_history=True).success

    def typed(text: str):
        return shell.run_cell(text, store_history=True)

    return typed


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("%modelpack package sums --sample rows --dry-run", [4.0, 8.0]),
        ("%%package --model sums --sample rows --dry-run", [4.0, 8.0]),
        ("%%package --model sums --sample rows --dry-run\n\n  \n", [4.0, 8.0]),
        ("%modelpack package sums --sample rows --dry-run --method predict_proba", [[1.0, 0.0], [1.0, 0.0]]),
        ("%modelpack package doubles --sample rows --dry-run", [[2, 4], [6, 8]]),
        ("%modelpack package prices=sums --sample rows --dry-run", [4.0, 8.0]),
        ("""%modelpack package sums --sample '{"data": [[1, null]]}' --dry-run""", [None]),
    ],
)
def test_a_variable_is_served_without_a_script(typed, text, answer):
    assert typed(text).result.result.value == answer


def test_the_script_is_shown_and_can_be_written_changed_and_used(typed, capsys):
    first = typed("%modelpack package sums --sample rows --dry-run --write-script mine.py").result.result
    said = capsys.readouterr()
    written = Path("mine.py").read_text()
    assert " ".join(written.split()) in " ".join((said.out + said.err).split())
    Path("mine.py").write_text(written.replace(".tolist()", ".tolist()[::-1]"))
    second = typed(f"%modelpack package mine.py --model sums --sample '{DATA}' --dry-run").result.result
    assert second.value == first.value[::-1]
    again = typed("%modelpack package sums --dry-run --write-script mine.py").error_in_exec
    assert again.message == "mine.py is there already, and stays as it is."


DATA = '{"data": [[1, 2], [3, 4]]}'
KIND = "it is no kind of model that one could be made for."
WRONG = {
    "rows": "The variable rows holds a list, which is no model: it has no predict().",
    "sums --method transform": "sums, a Sums, has no transform().",
    "sums --model doubles": "package makes an entry script for one model, and there are 2.",
    "": "package needs a model, or an entry script: a Python file with init() and run(data).",
    "table.csv": f"package needs an entry script for table: {KIND}",
    "path.pkl": "package needs an entry script for path: it holds a fractions.Fraction, which is no kind of model that "
    "one could be made for.",
    "nothing": "No model named 'nothing' is registered in workspace 'default', and no file or folder has that name.",
    "own.py --method predict": "--method is for the entry script that package makes, and there is one of your own.",
    "twice": "twice is both a variable of this notebook (twice=twice) and a file (./twice) and a registered model "
    "(twice:1).",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_cannot_be_is_told(typed, text):
    Path("table.csv").write_text("a,b\n1,2\n")
    Path("path.pkl").write_bytes(pickle.dumps(fractions.Fraction(1, 2)))
    Path("own.py").write_text("def init(): ...\ndef run(data): return 1\n")
    Path("twice").write_bytes(b"1")
    Model.register(Workspace.default(), "table.csv", "twice")
    typed("twice = sums")
    found = typed(f"%modelpack package {text} --dry-run")
    error = found.error_in_exec or found.error_before_exec
    assert isinstance(error, UsageError) or error.code == "model-not-found"
    assert error.message == WRONG[text]


def test_what_was_registered_on_the_way_has_no_second_meaning(typed):
    for _ in range(2):
        assert typed("%modelpack package sums --sample rows --dry-run").result.result.value == [4.0, 8.0]
    typed("sums = Sums(2)")
    assert typed("%modelpack package sums --sample rows --dry-run").result.result.value == [5.0, 9.0]
    assert list(Workspace.default().models["sums"].properties.values())[-1] == "sums"
    typed("registered = __import__('jupyter_modelpack').Workspace.default().models['sums']")
    assert typed("%modelpack package registered --sample rows --dry-run").result.result.value == [5.0, 9.0]


FRAME = """
import datetime
class Missing:
    pass
Missing.__name__ = "NAType"
class Frame:
    columns = ["age", "when", "city"]
    def itertuples(self, index, name):
        yield 31, datetime.datetime(2026, 12, 1, 10, tzinfo=datetime.timezone.utc), "Porto"
        yield float("nan"), Missing(), None
    def tolist(self): return [list(row) for row in self.itertuples(False, None)]
frame = Frame()
class Echo:
    def predict(self, table): return [str(table)]
echo = Echo()
"""


def test_what_would_be_captured_is_what_the_made_script_needs(typed):
    captured = typed("%modelpack capture sums").result.result.rows
    assert [line.partition("==")[0] for line, _reason in captured] == ["joblib", "numpy"]


def test_columns_without_a_usable_name_are_refused(typed):
    typed(FRAME)
    for names, said in (("['a', 1, 'b']", "column 1 has a name that is no text"), ("['a', 'b', 'a']", "two columns")):
        typed(f"Frame.columns = {names}")
        assert said in typed("%modelpack package echo --sample frame --dry-run").error_in_exec.message


def test_a_frame_keeps_its_columns_for_a_made_script_and_not_for_ones_own(typed):
    from jupyter_modelpack.frontends.notebook.variable_json import as_json, as_records

    typed(FRAME)
    frame = typed("frame").result
    assert json.loads(as_records("frame", frame)) == {
        "data": [
            {"age": 31, "when": "2026-12-01T10:00:00+00:00", "city": "Porto"},
            {"age": None, "when": None, "city": None},
        ]
    }
    frame.itertuples = lambda index, name: [(1, 2, 3)]
    assert json.loads(as_json("frame", frame)) == {"data": [[1, 2, 3]]}


def test_the_types_that_json_loses_are_written_into_the_script(typed):
    typed(
        FRAME
        + """
class Category:
    def __init__(self, *known): self.known, self.ordered, self.categories = known, False, self
    def tolist(self): return list(self.known)
    def __str__(self): return "category"
Frame.columns = ["a", "when", "city", "n", "many"]
Frame.dtypes = ["Int64", "datetime64[us, Europe/Lisbon]", Category("Porto", "Faro"), "int64", Category(*range(2000))]
Frame.itertuples = lambda self, index, name: [(1, None, "Porto", 2, 3)]
"""
    )
    typed("%modelpack package echo --sample frame --write-script typed.py --dry-run")  # pandas is not in these tests
    assert (
        Path("typed.py").read_text().partition("TYPES = ")[2].partition("\n\n")[0]
        == """{
    'a': 'Int64',
    'when': 'datetime64[us, Europe/Lisbon]',
    'city': pd.CategoricalDtype(['Porto', 'Faro'], ordered=False),
}"""
    )
