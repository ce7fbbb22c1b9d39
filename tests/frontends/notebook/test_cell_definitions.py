"""What an entry script uses of other cells, and models that are variables."""

import pickle  # noqa: TID251 - the tests make the pickles that nobody may load

import pytest

from jupyter_modelpack.errors import BuildFailed, NotFound, UsageError

CELLS = [
    "import json, math\nimport os.path as paths\nimport xml.dom.minidom\n",
    "from collections import OrderedDict as Ordered\n",
    "LIMIT = 10\nNAMES = ['a', {'b': (1, None)}]\nunused = object()",
    "class Base:\n    def twice(self, x): return 2 * x\n",
    "def _square(x): return x * x\nclass Sums:\n    total = sum(_square(x) for x in range(3))\n",
    "import functools\n\n@functools.cache\ndef clipped(x):\n    'ünï'\n    return min(x, LIMIT)\n",
    "class Scaler(Base):\n    factor = 3\n    def predict(self, rows): return [self.twice(clipped(x)) for x in rows]\n",
    "plus = lambda x: x + 1\nsame = clipped\n",
]
SCRIPT = """
import joblib, os

def init():
    global model
    model = joblib.load(os.path.join(os.environ["AZUREML_MODEL_DIR"], "scaler.pkl"))

def run(data):
    return model.predict(json.loads(data))
"""


@pytest.fixture
def notebook(shell):
    for cell in CELLS:
        assert shell.run_cell(cell, store_history=True).success
    return shell


def dry(shell, body: str, line: str = "--sample [1,20]"):
    done = shell.run_cell(f"%%package --dry-run {line}\n{body}", store_history=True)
    if done.error_in_exec:
        raise done.error_in_exec
    return done.result.result.value


USES = {
    "clipped(20)": 10,
    "Scaler().predict([1, 20])": [2, 20],
    "plus(1)": 2,
    "same(20)": 10,
    "Sums.total": 5,
    "NAMES": ["a", {"b": [1, None]}],
    "math.floor(1.5)": 1,
    "paths.join('a', 'b')": "a/b",
    "Ordered(a=1)": {"a": 1},
    "xml.dom.minidom.parseString('<a/>').documentElement.tagName": "a",
    "'unused' in globals()": False,
}


def test_a_script_may_use_what_other_cells_made(notebook) -> None:
    assert dry(notebook, f"def init(): ...\ndef run(data): return [{', '.join(USES)}]\n") == list(USES.values())


def test_names_at_the_top_of_the_script_are_there_when_it_loads(notebook) -> None:
    body = "class Mine(Scaler): factor = LIMIT\ntop = clipped(99)\n"
    body += "def init(): ...\ndef run(data): return [top, Mine.factor]\n"
    assert dry(notebook, body) == [10, 10]


def test_what_was_carried_is_said_and_nothing_without_need(notebook, capsys) -> None:
    dry(notebook, "def init(): ...\ndef run(data): return Scaler().factor\n")
    assert "Carried along from other cells: functools, LIMIT, Base, Scaler, clipped\n" in capsys.readouterr().out
    dry(notebook, "import math\ndef init(): ...\ndef run(data): return math.pi\n")
    assert "Carried" not in capsys.readouterr().out


def test_the_cell_as_it_is_now_counts(notebook) -> None:
    notebook.run_cell("class Scaler(Base):\n    factor = 4\n", store_history=True)
    assert dry(notebook, "def init(): ...\ndef run(data): return Scaler.factor\n") == 4


def test_a_class_is_found_where_no_history_is_kept(shell) -> None:
    shell.run_cell("class Kept:\n    def value(self): return 7\n", store_history=False)
    assert dry(shell, "def init(): ...\ndef run(data): return Kept().value()\n") == 7


SHARED = {
    "a counter of another cell": (
        "calls = 0\ndef bump():\n    global calls\n    calls += 1\n    return calls",
        "def run(data): return [bump(), bump(), calls]",
        [1, 2, 2],
    ),
    "what the script sets": (
        (
            "import logging\nlog = logging.getLogger()\nmodel = object()\n"
            "def answer(x):\n    log.info('x')\n    return model + x"
        ),
        (
            "import logging\nlog = logging.getLogger('score')\ndef init():\n    global model\n    model = 2\n"
            "def run(data): return [answer(1), log.name]"
        ),
        [3, "score"],
    ),
    "what a carried function sets": (
        "model = object()\ndef load():\n    global model\n    model = 5",
        "def init(): load()\ndef run(data): return model",
        5,
    ),
    "what the script changes": (
        "LIMIT = 10\ndef limit(): return LIMIT",
        "LIMIT = 11\ndef run(data): return limit()",
        11,
    ),
    "a function that another one finds when it is called": (
        "def first(x=3): return Second().value + x\nclass Second:\n    value = 4\n    top = first.__defaults__",
        "def run(data): return [first(), Second.top]",
        [7, [3]],
    ),
}


@pytest.mark.parametrize("what", SHARED)
def test_the_script_and_what_is_carried_share_their_globals(shell, what: str) -> None:
    cell, body, answer = SHARED[what]
    assert shell.run_cell(cell, store_history=True).success
    assert dry(shell, f"{'' if 'init' in body else 'def init(): ...'}\n{body}") == answer


def test_annotations_of_a_cell_stay_unevaluated_where_they_were(shell) -> None:
    shell.run_cell("def strict(x: int) -> int: return x\nclass Early:\n    x: int = 1", store_history=True)
    shell.run_cell("from __future__ import annotations\nfrom typing import Optional", store_history=True)
    shell.run_cell(
        "import dataclasses\nthing = object()\n"
        "def lax(x: Gone, y: thing) -> Never: return x\n"
        "@dataclasses.dataclass\nclass Row:\n    x: Gone\n    y: 'int' = 1\n    z: Optional[int] = None\n",
        store_history=True,
    )
    body = "def init(): ...\ndef run(data): return [lax(1, 2), Row(3).x, str(lax.__annotations__['x'])]\n"
    assert dry(shell, body) == [1, 3, "Gone"]
    body = "def init(): ...\ndef run(data): return [str(o.__annotations__['x']) for o in (strict, Early, Row)]\n"
    assert dry(shell, body) == ["<class 'int'>", "<class 'int'>", "Gone"]
    body = "import typing as t\ndef init(): ...\n"
    body += "def run(data): return str(t.get_type_hints(Row, None, {'Gone': int})['z'])\n"
    assert dry(shell, body) == "typing.Optional[int]"


def test_what_is_needed_before_the_script_sets_it_is_refused_with_what_helps(shell) -> None:
    shell.run_cell("class Log(dict): ...\nlog = Log(wrap=lambda f: f)\n@log['wrap']\ndef helper(): ...")
    with pytest.raises(UsageError, match="helper uses log, a Log") as caught:
        dry(shell, "log = 1\ndef init(): ...\ndef run(data): return helper()\n")
    assert caught.value.hint == "What needs log while it is loaded belongs into the cell, below the line that sets it."


@pytest.mark.parametrize(
    ("cell", "use", "said"),
    [
        ("thing = object()", "thing", "uses thing, a object of another cell"),
        ("nan = float('nan')", "nan", "uses nan, a float of another cell"),
        ("def make():\n    def inner(): ...\n    return inner\ninner = make()", "inner", "whose source cannot be told"),
        ("thing = object()\ndef helper(): return thing", "helper()", "helper uses thing"),
    ],
)
def test_what_cannot_be_carried_is_refused_by_its_name(notebook, cell: str, use: str, said: str) -> None:
    notebook.run_cell(cell, store_history=True)
    with pytest.raises(UsageError, match=said):
        dry(notebook, f"def init(): ...\ndef run(data): return {use}\n")


def test_a_variable_is_a_model_and_its_class_comes_along(notebook, home) -> None:
    notebook.run_cell("scaler = Scaler()")
    assert dry(notebook, SCRIPT, "--model scaler --sample [1,20]") == [2, 20]
    assert dry(notebook, SCRIPT, "--model scaler --sample [2]") == [4]
    rows = notebook.run_cell("%modelpack models scaler").result.result.rows
    assert [row.version for row in rows] == [1]  # unchanged, so not registered again
    notebook.run_cell("scaler.more = 1")
    dry(notebook, SCRIPT, "--model scaler")
    rows = notebook.run_cell("%modelpack models scaler").result.result.rows
    assert [row.version for row in rows] == [2, 1]


def test_a_pickle_of_before_brings_its_class_too(notebook, tmp_path) -> None:
    notebook.run_cell("import pickle\nwith open('scaler.pkl', 'wb') as file: pickle.dump(Scaler(), file)")
    assert dry(notebook, SCRIPT, "--model scaler.pkl --sample [1,20]") == [2, 20]


def test_a_pickle_whose_class_nobody_has_is_refused(shell, tmp_path) -> None:
    (tmp_path / "scaler.pkl").write_bytes(b"\x80\x04\x8c\x08__main__\x94\x8c\x06Gone42\x94\x93\x94.")
    with pytest.raises(UsageError, match="scaler:1 was pickled with Gone42 of __main__"):
        dry(shell, "import json\n" + SCRIPT, "--model scaler.pkl")


def test_a_class_pasted_into_the_script_serves_its_pickle(shell, tmp_path) -> None:
    (tmp_path / "scaler.pkl").write_bytes(b"\x80\x04\x8c\x08__main__\x94\x8c\x06Scaler\x94\x93\x94)\x81.")
    body = "import json\nclass Scaler:\n    def predict(self, rows): return len(rows)\n" + SCRIPT
    assert dry(shell, body, "--model scaler.pkl --sample [1,20]") == 2


def test_a_registered_name_comes_before_a_variable_unless_it_is_that_variable(notebook, tmp_path) -> None:
    (tmp_path / "file.pkl").write_bytes(pickle.dumps("from a file"))
    notebook.run_cell("%modelpack register file.pkl --name scaler\nscaler = Scaler()")
    body = "import os\ndef init(): ...\ndef run(data): return os.listdir(os.environ['AZUREML_MODEL_DIR'])\n"
    assert dry(notebook, body, "--model scaler --sample 1") == ["file.pkl"]
    assert dry(notebook, body, "--model scaler=scaler --sample 1") == ["scaler.pkl"]
    assert dry(notebook, body, "--model scaler --sample 1") == ["scaler.pkl"]
    assert dry(notebook, body, "--model other=file.pkl --sample 1") == ["file.pkl"]


def test_a_variable_that_holds_a_registered_model_means_that_model(notebook, tmp_path) -> None:
    (tmp_path / "file.pkl").write_bytes(pickle.dumps(1))
    notebook.run_cell("%modelpack register file.pkl --name first --as model")
    body = "import os\ndef init(): ...\ndef run(data): return os.environ['AZUREML_MODEL_DIR'][-8:]\n"
    assert dry(notebook, body, "--model model --sample 1") == "/first/1"


def test_a_pickle_may_name_a_static_method_an_inner_class_and_letters_of_any_language(shell) -> None:
    shell.run_cell(
        "from sklearn.preprocessing import FunctionTransformer\n"
        "class Util:\n    @staticmethod\n    def double(x): return x * 2\n"
        "class Outer:\n    class Inner:\n        def __call__(self, x): return x + 1\n"
        "class Padronização:\n    def __init__(self): self.steps = [FunctionTransformer(Util.double), Outer.Inner()]\n"
        "    def predict(self, x): return self.steps[1](self.steps[0].transform(x)).tolist()\n"
        "model = Padronização()\n",
        store_history=True,
    )
    body = SCRIPT.replace("scaler.pkl", "model.pkl").replace("json.loads(data)", "np.array([[int(data)]])")
    assert dry(shell, f"import numpy as np\n{body}", "--model model --sample 3") == [[7]]


@pytest.mark.parametrize(
    ("cell", "word", "said"),
    [
        ("rows = [1]", "rows", "holds a list, which is no model"),
        ("from sklearn.linear_model import Ridge\nridge = Ridge()", "ridge", "ridge is not fitted yet"),
        ("class M:\n    def predict(self): ...\nbad = M(); bad.f = lambda: 0", "bad", "cannot be pickled"),
    ],
)
def test_what_is_no_model_is_refused(notebook, cell: str, word: str, said: str) -> None:
    notebook.run_cell(cell)
    with pytest.raises(UsageError, match=said):
        dry(notebook, "import json\n" + SCRIPT, f"--model {word}")


def test_any_object_is_a_model_when_it_is_given_a_name(notebook) -> None:
    notebook.run_cell("parts = {'offset': 2}")
    body = SCRIPT.replace("scaler.pkl", "both.pkl").replace("model.predict(json.loads(data))", "model")
    assert dry(notebook, body, "--model both=parts --sample 1") == {"offset": 2}


def test_no_such_model_still_says_so(notebook) -> None:
    with pytest.raises(NotFound, match="No model named 'nosuch'"):
        dry(notebook, SCRIPT, "--model nosuch")


@pytest.mark.network
def test_in_an_image_the_carried_module_is_there(notebook, base_image, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    notebook.run_cell("scaler = Scaler()")
    body = SCRIPT.replace("joblib.load(", "pickle.load(open(").replace('.pkl"))', '.pkl"), "rb"))')
    body = body.replace("import joblib", "import pickle")
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)  # no joblib here, so none is needed there
    assert notebook.run_cell(f"%%package --model scaler --name carried --sample [1,20]\n{body}").success
    try:
        assert notebook.run_cell("%modelpack run --port 0").success
        assert notebook.run_cell("%modelpack score").result.result.value == [2, 20]
    finally:
        notebook.run_cell("%modelpack kill carried")


@pytest.mark.network
def test_what_carried_code_imports_must_be_in_the_image(notebook, base_image, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    (tmp_path / "own_numbers.py").write_text("def mean(rows): return sum(rows) / len(rows)")
    monkeypatch.syspath_prepend(tmp_path)
    notebook.run_cell("import own_numbers as own\ndef mean(rows): return own.mean(rows)")
    done = notebook.run_cell("%%package --dockerfile\ndef init(): ...\ndef run(data): return mean(json.loads(data))\n")
    assert isinstance(done.error_in_exec, BuildFailed)
    assert "imports own_numbers" in done.error_in_exec.message
