"""The command line, by real processes.

`started` begins as a shell begins it, for what depends on that; the others are forked from one that has its imports.
"""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from jupyter_modelpack import __version__
from jupyter_modelpack.frontends import cli
from tests.commands.packages import modelpack
from tests.frontends.command_line import PROGRAM
from tests.frontends.command_line import modelpack as started


def spent_by_children() -> float:
    """Give the processor's time: a busy machine has others wait, and that is not the program's doing."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def test_version_is_said_at_once() -> None:
    least = 9.0
    for _ in range(5):
        before = spent_by_children()
        done = started("--version")
        least = min(least, spent_by_children() - before)
        assert (done.stdout, done.returncode) == (f"modelpack {__version__}\n", 0)
    assert least < 0.1


@pytest.mark.parametrize(
    ("words", "unneeded"),
    [
        (["--version"], ["commands", "errors"]),
        (["--help"], ["commands.results", "engine", "oci", "frontends.render"]),
        (["run", "--help"], ["engine", "oci", "frontends.render"]),
        (["run", "--prot"], ["engine", "oci", "frontends.render.views"]),
    ],
)
def test_version_help_and_errors_wait_for_nothing_that_a_verb_needs(words: list[str], unneeded: list[str]) -> None:
    program = f"""
import json, sys
from jupyter_modelpack.frontends.cli import main
main({words})
print(json.dumps(list(sys.modules)))
"""
    loaded = json.loads(subprocess.check_output([sys.executable, "-c", program], text=True).splitlines()[-1])
    assert [name for name in loaded if name.startswith(tuple(f"jupyter_modelpack.{one}" for one in unneeded))] == []


def test_python_m_is_the_same_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "jupyter_modelpack", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"modelpack {__version__}\n"


@pytest.mark.parametrize("words", [[], ["--help"], ["help"], ["-h"]])
def test_help_explains_itself_to_a_newcomer(words: list[str]) -> None:
    done = started(*words)
    assert done.returncode == 0
    assert "modelpack package score.py --model diabetes" in done.stdout
    assert "\nMake:\n" in done.stdout


def test_a_verb_explains_itself_both_ways() -> None:
    assert started("run", "--help").stdout == started("help", "run").stdout
    assert "--port PORT" in modelpack("run", "-h").stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["pakage"], 2, "modelpack: There is no verb 'pakage'.\nDid you mean package?\n"),
        (["run", "--prot", "1"], 2, "modelpack: run has no option --prot.\nDid you mean --port?\n"),
        (["package"], 2, "modelpack: package needs a model, or an entry script"),
        (["score"], 3, "modelpack: This workspace has started no service"),
        (["score", "[1]", "--file", "rows.json"], 2, "modelpack: score needs data once"),
        (["models", "nosuch"], 3, "modelpack: No model named 'nosuch'"),
        (["register", "nosuch.pkl"], 3, "modelpack: "),
        (["logs", "nosuch"], 3, "modelpack: "),
        (["models", "--workspace", "nosuch"], 3, "modelpack: There is no workspace 'nosuch'"),
        (["logs", "--engine", "docker"], 6, "modelpack: "),
    ],
)
def test_a_users_mistake_is_a_line_and_an_exit_code(words: list[str], code: int, said: str, tmp_path: Path) -> None:
    done = started(*words, cwd=tmp_path, DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert done.stderr.startswith(said)
    assert "Traceback" not in done.stderr
    assert (done.returncode, done.stdout) == (code, "")


@pytest.mark.parametrize(
    "words",
    [
        ["package", "score.py", "--base", "~nosuchuser/base"],
        ["package", "score.py", "--model", "~nosuchuser/model.pkl"],
        ["package", "score.py", "--model", "m=~nosuchuser/model.pkl"],
        ["package", "score.py", "--sample", "~nosuchuser/sample.json"],
        ["register", "~nosuchuser/model.pkl"],
        ["score", "--file", "~nosuchuser/data.json"],
        ["models", "--workspace", "~nosuchuser/ws"],
    ],
)
def test_the_home_of_a_user_that_is_not_there(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "score.py").write_text("def init(): ...\ndef run(data): ...\n")
    done = modelpack(*words, cwd=tmp_path)
    assert done.stderr.startswith("modelpack: ~nosuchuser/")
    assert "no user 'nosuchuser'" in done.stderr
    assert done.returncode == 2


@pytest.mark.parametrize(
    ("home", "code"), [("~nosuchuser/x", 2), ("/dev/null", 2), ("/dev/null/x", 2), ("/proc/modelpack", 3)]
)
def test_a_home_that_cannot_be_made(home: str, code: int, tmp_path: Path) -> None:
    done = modelpack("models", cwd=tmp_path, MODELPACK_HOME=home)
    assert done.stderr.startswith("modelpack: ")
    assert "bug" not in done.stderr
    assert (done.returncode, done.stdout) == (code, "")


def test_a_pipe_is_no_sample(tmp_path: Path) -> None:
    (tmp_path / "score.py").write_text("def init(): ...\ndef run(data): ...\n")
    os.mkfifo(tmp_path / "pipe")
    done = modelpack("package", "score.py", "--sample", "pipe", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, "modelpack: pipe is not a regular file.\n")


def test_what_nobody_expected_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(_words: list[str]) -> int:
        raise KeyError("https://u:geheim@host/\nx")

    monkeypatch.setattr(cli, "_run", broken)
    monkeypatch.delenv("MODELPACK_DEBUG", raising=False)
    assert cli.main(["models"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("modelpack: this is a bug of modelpack: KeyError: ")
    assert said.endswith("; MODELPACK_DEBUG=1 shows where\n")
    assert said.count("\n") == 1
    assert "geheim" not in said
    monkeypatch.setenv("MODELPACK_DEBUG", "1")
    with pytest.raises(KeyError):
        cli.main(["models"])


def test_debug_shows_the_traceback() -> None:
    done = modelpack("models", "nosuch", MODELPACK_DEBUG="1")
    assert "Traceback" in done.stderr
    assert done.returncode == 1


def test_register_and_models_in_words_and_as_json(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(b"0" * 2000)
    done = started("register", "model.pkl", "--name", "diabetes", "--tag", "area=diabetes", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Registered diabetes:1 (")
    shown = started("models").stdout.splitlines()
    assert shown[0].split() == ["NAME", "VERSION", "CREATED", "SIZE", "TAGS", "DESCRIPTION"]
    assert shown[1].startswith("diabetes")
    assert "area=diabetes" in shown[1]
    found = json.loads(modelpack("models", "--json").stdout)
    assert [(row["name"], row["version"], row["tags"]) for row in found["rows"]] == [
        ("diabetes", 1, {"area": "diabetes"})
    ]


def test_json_of_a_verb_that_talks_is_nothing_but_json(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(b"0")
    done = modelpack("register", "model.pkl", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["model"]["name"] == "model"
    assert "Registering model model" in done.stderr


def test_a_workspace_by_name_or_folder(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(b"0")
    assert modelpack("models", MODELPACK_WORKSPACE="first").stdout.endswith("Workspace first holds no model yet.\n")
    folder = os.environ["MODELPACK_HOME"] + "/workspaces/first"
    assert modelpack("register", str(tmp_path / "model.pkl"), "--workspace", folder).returncode == 0
    assert "model" in modelpack("models", "-w", "first").stdout


def test_doctor_finds_what_is_wrong_and_says_what_to_do(tmp_path: Path) -> None:
    settings = {"MODELPACK_BASE_IMAGE": "example.invalid/python:3.11", "DOCKER_HOST": f"unix://{tmp_path}/none.sock"}
    done = started("doctor", "--json", **settings)
    found = {check["what"]: check for check in json.loads(done.stdout)["checks"]}
    assert set(found) == {"System", "Python", "uv", "Engine", "Workspace", "Base image", "Disk", "Registry", "Port"}
    assert (
        found["System"]["verdict"]
        == found["Python"]["verdict"]
        == found["uv"]["verdict"]
        == found["Registry"]["verdict"]
        == "ok"
    )
    assert found["Engine"]["verdict"] == "warn"
    assert f"{tmp_path}/none.sock" in found["Engine"]["found"]
    assert "Docker or Podman" in found["Engine"]["remedy"]
    assert found["Base image"]["verdict"] == "warn"
    assert "modelpack base" in modelpack("doctor", **settings).stdout


def test_the_registry_serves_in_the_foreground_until_ctrl_c() -> None:
    serving = subprocess.Popen([PROGRAM, "registry"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert serving.stdout is not None
    first = serving.stdout.readline()
    found = re.fullmatch(r"Serving at (127\.0\.0\.1:\d+) until Ctrl-C; user name modelpack\.\n", first)
    assert found, first
    for _ in range(50):
        try:
            status = requests.get(f"http://{found[1]}/v2/", timeout=5).status_code
            break
        except requests.ConnectionError:
            time.sleep(0.1)
    assert status == 401  # it answers, and asks for the password
    serving.send_signal(signal.SIGINT)
    _, said = serving.communicate(timeout=20)
    assert serving.returncode == 130
    assert "Traceback" not in said


def test_a_reader_that_leaves_early_is_no_error() -> None:
    done = subprocess.run(
        f"{PROGRAM} --help | head -1; exit ${{PIPESTATUS[0]}}",
        shell=True, executable="/bin/bash", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
