"""Samples and dry runs, typed above a cell."""

import json
from pathlib import Path

import pytest

from jupyter_modelpack.commands.results import Planned, Tried
from jupyter_modelpack.errors import BuildFailed, UsageError

SCRIPT = """
import json, os, pathlib

def init():
    global offset
    folder = pathlib.Path(os.environ["AZUREML_MODEL_DIR"])
    offset = int((folder / "offset.txt").read_text())
    print("offset is", offset)

def run(data):
    return [sum(row) + offset for row in json.loads(data)["data"]]
"""


@pytest.fixture
def cell(shell, tmp_path):
    (tmp_path / "offset.txt").write_text("100")

    def typed(line: str, body: str = SCRIPT):
        return shell.run_cell(f"%%package --model offset.txt {line}\n{body}", store_history=False)

    return typed


def test_a_dry_run_says_what_came_out_and_how_long_and_builds_nothing(cell, shell, home: Path, capsys) -> None:
    done = cell("""--dry-run --sample '{"data": [[1, 2], [3, 4]]}' --as answer""")
    tried = done.result.result
    assert isinstance(tried, Tried)
    assert tried.value == shell.user_ns["answer"] == [103, 107]
    assert 0 < tried.run_seconds < 1
    assert 0 < tried.init_seconds < 1
    assert repr(done.result).startswith("score.py works: init() took ")
    assert "[103, 107]" in repr(done.result)
    assert "    offset is 100\n" in capsys.readouterr().out
    assert shell.run_cell("%modelpack packages").result.result.rows == ()
    assert list((home / "cache").glob("locks/*")) == []
    assert [path.name for path in (home / "cache").iterdir() if path.name.startswith(".tmp")] == []


@pytest.mark.network
def test_a_cell_can_be_planned_before_it_is_packaged(cell, shell, base_image, monkeypatch, home: Path) -> None:
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    found = cell("--plan --pip tqdm==4.67.1").result.result
    assert isinstance(found, Planned)
    states = {step.title: step.state for step in found.steps}
    assert (states["tqdm 4.67.1"], states["model offset (new)"], states["app"]) == ("downloaded", "made", "made")
    assert shell.run_cell("%modelpack packages").result.result.rows == ()
    assert shell.run_cell("%modelpack models").result.result.rows == ()
    (Path.cwd() / "score.py").write_text(SCRIPT)
    again = shell.run_cell("%modelpack plan score.py --model offset.txt --pip tqdm==4.67.1").result.result
    assert [step.state for step in again.steps] == [step.state for step in found.steps]


@pytest.mark.parametrize(
    "given", ["X[:2]", "frame.head(2)", "rows", "text", "rows.json", """'{"data": [[1, 2], [3, 4]]}'"""]
)
def test_a_sample_is_a_variable_a_file_or_json(cell, shell, tmp_path, given: str) -> None:
    (tmp_path / "rows.json").write_text('{"data": [[1, 2], [3, 4]]}\n')
    shell.run_cell(
        "import json\n"
        "class Array(list):\n"
        "    def tolist(self): return [list(row) for row in self]\n"
        "    def __getitem__(self, at): return Array(list.__getitem__(self, at))\n"
        "    def head(self, count): return self[:count]\n"
        "X = frame = Array([[1, 2], [3, 4], [5, 6]])\n"
        "rows = {'data': [[1, 2], [3, 4]]}\n"
        "text = json.dumps(rows)\n"
    )
    assert cell(f"--dry-run --sample {given}").result.result.value == [103, 107]


@pytest.mark.parametrize(
    ("word", "value", "model"),
    [("size", 2, "size:2"), ("size:1", 1, "size:1"), ("size.txt", 3, "size:3"), ("other=size.txt", 3, "other:1")],
)
def test_a_model_is_a_name_a_version_or_a_path(shell, tmp_path, word: str, value: int, model: str) -> None:
    for number in (1, 2, 3):
        (tmp_path / "size.txt").write_text(str(number))
        if number < 3:
            shell.run_cell("%modelpack register size.txt --name size")
    body = (
        "import os, pathlib\ndef init(): ...\ndef run(data):\n"
        "    return [int(pathlib.Path(os.environ['AZUREML_MODEL_DIR'], 'size.txt').read_text()),"
        " os.environ['AZUREML_MODEL_DIR'].split('/')[-2:]]\n"
    )
    done = shell.run_cell(f"%%package --model {word} --dry-run --sample 0\n{body}", store_history=False)
    assert done.result.result.value == [value, model.split(":")]


def test_without_a_sample_only_init_is_tried(cell) -> None:
    tried = cell("--dry-run").result
    assert (tried.result.run_seconds, tried.result.value) == (None, None)
    assert "Give a --sample" in repr(tried)


@pytest.mark.parametrize(
    ("sample", "said"),
    [("nosuch", "neither JSON nor a file"), ("broken.json", "holds no JSON"), ("rows[7]", "rows[7]: KeyError")],
)
def test_a_sample_that_is_none_is_named(cell, shell, tmp_path, sample: str, said: str) -> None:
    (tmp_path / "broken.json").write_text("{")
    shell.user_ns["rows"] = {}
    error = cell(f"--dry-run --sample {sample}").error_in_exec
    assert said in error.message


def test_a_sample_that_is_too_large_for_a_label_is_refused(cell, shell) -> None:
    shell.user_ns["rows"] = ["x" * 70_000]
    error = cell("--sample rows").error_in_exec
    assert isinstance(error, UsageError)
    assert "keeps 64 kB" in error.message


@pytest.mark.parametrize(
    ("body", "message", "line"),
    [
        (SCRIPT.replace('["data"]', '["rows"]'), "run() answered 500: KeyError: 'rows'", "line 11, in run"),
        (SCRIPT.replace("offset.txt", "ofset.txt"), "Did you mean", "line 7, in init"),
        (
            SCRIPT.replace("import json", "import nosuch, json"),
            "the module nosuch is not in the environment",
            "line 2, in <module>",
        ),
    ],
)
def test_a_script_that_fails_is_one_message_with_its_lines(cell, capsys, body, message, line) -> None:
    error = cell("""--dry-run --sample '{"data": [[1]]}'""", body).error_in_exec
    assert isinstance(error, BuildFailed)
    assert message in error.message
    assert error.log_tail[1].strip() == f'File "score.py", {line}'
    assert not any("pathlib.py" in shown or "modelpack_scoring" in shown or ".tmp" in shown for shown in error.log_tail)
    assert "Nothing was built" in error.hint
    capsys.readouterr()


def test_names_that_nobody_defines_are_told_though_the_sample_does_not_reach_them(cell, shell, capsys) -> None:
    shell.run_cell("def scale(x): return x * 2", store_history=True)
    body = (
        "import numpy\ndef init():\n    global weights\n    weights = 2\n"
        "def run(data):\n    if data == 'never':\n        return nunpy.array(weigths)\n    return scale(weights)\n"
    )
    tried = cell("--dry-run --sample 7", body).result
    remarks = ("line 7: nunpy is defined nowhere; did you mean numpy?", "line 7: weigths is defined nowhere")
    assert tuple(one.partition("; did you mean weights")[0] for one in tried.result.remarks) == remarks
    assert f"score.py, {remarks[0]}" in repr(tried)
    assert "    Warning: score.py, line 7: nunpy" in capsys.readouterr().out
    assert (
        cell(
            "--dry-run --sample 7", "from os.path import *\ndef init(): ...\ndef run(data): return join('a')"
        ).result.result.remarks
        == ()
    )


def test_a_mismatch_with_a_schema_is_the_clients_error(cell) -> None:
    body = (
        "from inference_schema.schema_decorators import input_schema\n"
        "from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType\n"
        "def init(): ...\n"
        "@input_schema('data', StandardPythonParameterType([1]))\n"
        "def run(data): return data\n"
    )
    error = cell("""--dry-run --sample '{"rows": 1}'""", body).error_in_exec
    assert "run() answered 400: A value is not provided for the 'data' parameter." in error.message
    assert cell("""--dry-run --sample '{"data": [2]}'""", body).result.result.value == [2]


def test_an_asynchronous_script_is_awaited(cell) -> None:
    body = "async def init(): ...\nasync def run(data): return data\n"
    assert cell("--dry-run --sample 7", body).result.result.value == "7"


def test_a_script_that_ends_its_process_says_so(cell) -> None:
    body = "import os\ndef init(): os._exit(7)\ndef run(data): ...\n"
    error = cell("--dry-run", body).error_in_exec
    assert "exited with 7" in error.message


@pytest.mark.network
def test_a_sample_is_kept_with_the_package_and_scored_without_data(cell, shell, base_image, monkeypatch) -> None:
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    done = cell("""--sample '{"data": [[1, 2]]}' --name sampled --as package""")
    assert done.success
    assert json.loads(shell.user_ns["package"].sample) == {"data": [[1, 2]]}
    labels = shell.user_ns["package"].image.config()["config"]["Labels"]
    assert labels["io.github.jupyter-modelpack.sample"] == '{"data": [[1, 2]]}'
    try:
        assert shell.run_cell("%modelpack run --port 0").success
        assert shell.run_cell("%modelpack score").result.result.value == [103]
    finally:
        shell.run_cell("%modelpack kill sampled")
