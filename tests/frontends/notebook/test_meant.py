"""Mistakes that people make, answered with what was meant and what to type."""

import os
import pickle  # noqa: TID251 - the tests make the pickles that nobody may load
import socket
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from jupyter_modelpack.errors import Untrusted, UsageError

BODY = "def init(): ...\ndef run(data): return 1\n"


def error_of(shell, text: str):
    done = shell.run_cell(text, store_history=True)
    return done.error_in_exec or done.error_before_exec


def dry(shell, line: str = "", body: str = BODY):
    return shell.run_cell(f"%%package --dry-run {line}\n{body}", store_history=True)


TYPED = {
    "%%package -model m.pkl": "Did you mean --model?",
    "%%package -pip=numpy": "Did you mean --pip=numpy?",
    "%%package m.pkl": "A model is named by --model: --model m.pkl",
    "%%package score.py": "The cell is the entry script; a file is packaged in a line: %modelpack package score.py",
    "%modelpack package m.pkl score.py": "The entry script comes first, and models by --model: "
    "package score.py --model MODEL",
    "%modelpack package m.pkl": "Write it first, with init() and run(data): package score.py --model m --pip PACKAGE",
    "%modelpack run -port 1": "Did you mean --port?",
    "%modelpack push https://registry.example.com/team/x:1": "Write registry.example.com/team/x:1",
    "%modelpack push p docker://registry.example.com/team/": "Write registry.example.com/team",
    "%modelpack register --name 'modèle 1' m.pkl": "'modèle 1' could be modele-1.",
}


@pytest.mark.parametrize("typed", TYPED)
def test_what_was_meant_is_told(shell, typed: str) -> None:
    Path("m.pkl").write_bytes(pickle.dumps(1))
    assert error_of(shell, f"{typed}\n{BODY if typed.startswith('%%') else ''}").hint == TYPED[typed]


@pytest.mark.parametrize(
    ("file", "model"), [("modèle final (2).pkl", "modele-final-2"), ("模型.pkl", "model"), ("_x .pkl", "x")]
)
def test_a_file_of_any_name_is_a_model(shell, file: str, model: str) -> None:
    Path(file).write_bytes(pickle.dumps(1))
    assert dry(shell, f"--model '{file}'").success
    assert [row.name for row in shell.run_cell("%modelpack models").result.result.rows] == [model]


PICKLES = {
    "class M:\n    def predict(self, x): ...\nm = M(); m.f = lambda x: x": "define it by def or class at the beginning",
    "def make():\n    class M:\n        def predict(self, x): ...\n    return M()\nm = make()": "define it by def",
    "class K:\n    def predict(self, x): ...\nm = K()\nclass K:\n    def predict(self, x): ...": (
        "The cell that defines K was run again after m was made: run the cell that makes m, and then this one."
    ),
    "import threading\nclass L:\n    lock = None\n    def predict(self, x): ...\nm = L(); m.lock = threading.Lock()": (
        "What is open or running (files, locks, connections) is no part of a model: take it out of m"
    ),
}


@pytest.mark.parametrize("cell", PICKLES)
def test_why_a_variable_cannot_be_pickled(shell, cell: str) -> None:
    assert shell.run_cell(cell, store_history=True).success
    assert PICKLES[cell] in dry(shell, "--model m").error_in_exec.hint


IPYTHON = {
    "!pip install -q numpy pandas==2": "named above the cell, --pip numpy pandas==2",
    "%pip install scikit-learn": "named above the cell, --pip scikit-learn",
    "!{sys.executable} -m pip install -r needs.txt": "named above the cell, by --pip or --requirements.",
    "%matplotlib inline": "it can stand in a cell of its own",
    "files = !ls": "it can stand in a cell of its own",
    "json.dumps?": "it can stand in a cell of its own",
}


@pytest.mark.parametrize("line", IPYTHON)
def test_a_line_for_ipython_in_the_script_is_named(shell, line: str) -> None:
    error = dry(shell, body=f"import json, sys\n{line}\n{BODY}").error_in_exec
    assert error.message == f"score.py, line 2: {line!r} is for IPython, and a service runs plain Python."
    assert IPYTHON[line] in error.hint


def test_what_only_looks_like_a_line_for_ipython_is_python(shell) -> None:
    assert dry(shell, body=f'text = """\n!pip install x\n%time\n"""\nhalf = (7\n% 2)\n{BODY}').success
    assert "invalid syntax" in dry(shell, body=f"x = = 1\n{BODY}").error_in_exec.message


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source folder as people have them: an environment, an editor at work, a program that listens."""
    source = tmp_path / "src"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", source / "venv"], check=True)
    (source / "score.py").write_text("import os\ndef init(): ...\ndef run(data): return sorted(os.listdir('src'))\n")
    (source / ".#score.py").symlink_to("me@laptop.123:456")
    monkeypatch.chdir(source)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("s.sock")
    monkeypatch.chdir(tmp_path)
    return source


def test_what_nobody_means_to_ship_is_left_out(folder, shell) -> None:
    tried = shell.run_cell("%modelpack package score.py --source-directory src --dry-run --sample 1").result.result
    assert tried.value == ["score.py"]


def test_what_cannot_ship_says_how_to_leave_it_out(folder, shell) -> None:
    line = "%modelpack package score.py --source-directory src --dry-run"
    (folder / "data").mkdir()
    for make in (
        lambda path: path.symlink_to("gone"),
        lambda path: path.symlink_to("/etc/hostname"),
        os.mkfifo,
    ):
        make(folder / "data" / "thing")
        assert error_of(shell, line).hint.endswith("list it in .amlignore: data/thing")
        (folder / ".amlignore").write_text("data/thing\n")
        assert error_of(shell, line) is None
        (folder / "data" / "thing").unlink()
        (folder / ".amlignore").unlink()


@pytest.mark.parametrize("size", [-1, -512, -(1 << 40)])
def test_an_archive_with_a_negative_size_is_refused_as_damaged(shell, size: int) -> None:
    header = bytearray(tarfile.TarInfo("index.json").tobuf())
    header[124:136] = size.to_bytes(12, "big", signed=True)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    Path("x.tar").write_bytes(bytes(header) + bytes(2048))
    for line in ("%modelpack load x.tar", f"%%package --base x.tar\n{BODY}"):
        error = error_of(shell, line)
        assert isinstance(error, (Untrusted, UsageError)), error
        assert "x.tar" in error.message or f"has a size of {size} bytes" in error.message
