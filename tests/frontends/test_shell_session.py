"""A whole session at the command line, on both engines: package, images, run, score, logs, kill."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from tests.services.silent_index import silent_index

PROGRAM = Path(sys.executable).with_name("modelpack")
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

pytestmark = [pytest.mark.engine, pytest.mark.network]


class Session:
    """A user's shell in a folder with a script and a model."""

    def __init__(self, folder: Path, engine: str) -> None:
        self.folder, self.engine, self.name = folder, engine, f"adder-{uuid.uuid4().hex[:8]}"

    def __call__(self, *words: str, stdin: str = "", code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [PROGRAM, *words], input=stdin, cwd=self.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert not re.search("^Traceback", done.stderr, re.MULTILINE)
        return done

    def json(self, *words: str):
        return json.loads(self(*words, "--json").stdout)


@pytest.fixture(params=["docker", "process"])
def session(request, tmp_path, docker_host, base_image, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    monkeypatch.setenv("MODELPACK_ENGINE", request.param)
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    (tmp_path / "score.py").write_text(SCRIPT)
    (tmp_path / "offset.txt").write_text("100")
    made = Session(tmp_path, request.param)
    yield made
    subprocess.run([PROGRAM, "kill", made.name], capture_output=True, check=False)


def test_from_a_script_to_an_answer(session) -> None:
    done = session("package", "score.py", "--model", "offset.txt", "--name", session.name)
    assert done.stdout.startswith("Packaged 127.0.0.1:")
    assert re.search(r"^digest +sha256:[0-9a-f]{64}$", done.stdout, re.MULTILINE)
    assert "==> " in done.stderr

    rows = session.json("images", "--ours")["rows"]
    assert any(row["repository"].endswith(f"/{session.name}") for row in rows)
    assert session.json("packages")["rows"][0]["models"] == ["offset:1"]

    done = session("run", "--port", "0")
    assert done.stdout.startswith(f"{session.name} answers after ")
    assert ("Not isolated" in done.stderr) == (session.engine == "process")
    again = session.json("run", "--port", "0")
    assert again["before"] is True

    body = '{"data": [[1, 2], [3, 4]]}'
    (session.folder / "rows.json").write_text(body)
    assert session("score", body, "--service", session.name).stdout.startswith("[103, 107]\n200 in ")
    assert session.json("score", "-s", session.name, "--file", "rows.json")["value"] == [103, 107]
    assert json.loads(session("score", "-s", session.name, "-", "--json", stdin=body).stdout)["status"] == 200

    failed = session("score", "-s", session.name, '{"nodata": 1}', code=8)
    assert re.search(rf"^modelpack: {session.name} answered 500: ", failed.stderr)
    assert "KeyError: 'data'" in failed.stderr

    [listed] = [line for line in session("services").stdout.splitlines() if line.startswith(session.name)]
    assert listed.split()[1] == "running"
    assert "offset is 100" in session("logs", session.name).stdout
    assert len(session("logs", session.name, "--tail", "1").stdout.splitlines()) == 1
    assert session("kill", session.name).stdout == f"{session.name} was killed.\n"
    [ended] = [row for row in session.json("services")["rows"] if row["name"] == session.name]
    assert (ended["state"], ended["exit_code"]) == ("exited", 137)
    assert session("score", body, "-s", session.name, code=2).stderr.startswith(f"modelpack: {session.name} has ended")


def test_packaging_again_reuses_everything_and_registers_nothing(session) -> None:
    words = ("package", "score.py", "--model", "offset.txt", "--name", session.name, "--tag")
    first, second = session.json(*words, "1"), session.json(*words, "2")
    assert first["digest"] == second["digest"]
    assert second["models"] == ["offset:1"]
    assert all(layer["reused"] for layer in second["layers"])


def test_a_port_in_use_names_its_holder(session) -> None:
    session("package", "score.py", "--model", "offset.txt", "--name", session.name)
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        done = session("run", "--port", str(port), code=4)
    assert str(port) in done.stderr
    assert "--port 0" in done.stderr


def test_a_service_that_dies_says_why(session) -> None:
    (session.folder / "score.py").write_text(SCRIPT.replace("offset.txt", "nosuch.txt"))
    session("package", "score.py", "--model", "offset.txt", "--name", session.name)
    done = session("run", "--port", "0", code=8)
    assert "nosuch.txt" in done.stderr


@pytest.mark.parametrize("session", ["docker"], indirect=True)
def test_what_nobody_named_is_never_another_users(session) -> None:
    reference = session.json("package", "score.py", "--model", "offset.txt", "--name", session.name)["reference"]
    stranger = f"{session.name}-by-hand"
    subprocess.run(["docker", "run", "--detach", "--name", stranger, reference], capture_output=True, check=True)
    try:
        for words in (("kill",), ("logs",), ("score", "1")):
            refused = session(*words, code=3)
            assert refused.stderr.startswith("modelpack: This workspace has started no service")
            assert stranger in refused.stderr
        states = subprocess.run(
            ["docker", "inspect", "--format", "{{.State.Running}}", stranger],
            capture_output=True,
            text=True,
            check=True,
        )
        assert states.stdout == "true\n"
        session("run", "--port", "0")
        assert session("kill").stdout == f"{session.name} was killed.\n"
        assert f"docker rm --force {stranger}" in session("kill", stranger, code=4).stderr
    finally:
        subprocess.run(["docker", "rm", "--force", stranger], capture_output=True, check=False)


def test_following_a_log_shows_lines_as_they_come_and_ends_with_the_service(session) -> None:
    session("package", "score.py", "--model", "offset.txt", "--name", session.name)
    session("run", "--port", "0")
    follower = subprocess.Popen([PROGRAM, "logs", session.name, "--follow"], stdout=subprocess.PIPE, text=True)
    assert any("offset is 100" in line for line in iter(follower.stdout.readline, ""))
    session("kill", session.name)
    follower.communicate(timeout=20)
    assert follower.returncode == 0


def test_a_dockerfile_to_keep(session) -> None:
    session("package", "score.py", "--model", "offset.txt", "--name", session.name, "--dockerfile")
    done = session("save", "--output", "imagefiles")
    assert done.stdout.startswith("Wrote ")
    folder = session.folder / "imagefiles"
    assert (folder / "azureml-app" / "score.py").read_text() == SCRIPT
    assert (folder / "Dockerfile").read_text().startswith("#") or "FROM " in (folder / "Dockerfile").read_text()
    assert session("run", code=2).stderr.startswith("modelpack: ")
    # Only what its folder makes is an image.
    assert session.name not in session("images").stdout
    assert session.name in session("packages").stdout


@pytest.mark.parametrize("session", ["process"], indirect=True)
def test_ctrl_c_cancels_within_a_second_and_leaves_nothing(session) -> None:
    with silent_index() as index:
        (session.folder / "endless.txt").write_text(f"--index-url {index}\nsome-project\n")
        build = subprocess.Popen(
            [PROGRAM, "package", "score.py", "--requirements", "endless.txt"],
            cwd=session.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        seen = ""
        while "Resolving" not in seen:
            line = build.stderr.readline()
            assert line, seen
            seen += line
        started = time.monotonic()
        os.killpg(build.pid, signal.SIGINT)
        out, err = build.communicate(timeout=20)
        assert time.monotonic() - started < 1
    assert (build.returncode, out) == (130, "")
    assert err.splitlines()[-1] == "modelpack: Cancelled; nothing half made was left behind."
    assert "Traceback" not in err
    assert session.json("packages")["rows"] == []
    home = Path(os.environ["MODELPACK_HOME"])
    assert [path for path in home.rglob(".tmp-*") if path.is_file()] == []
