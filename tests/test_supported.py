"""Where we do not run: simulated, by hiding from Python what those systems lack."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from tests.slow_imports import SKIPPED

HIDDEN = "import asyncio, sys; sys.modules['fcntl'] = None\n"
"""What Windows lacks; asyncio itself wants it on Linux."""

SAID = "jupyter_modelpack runs on Linux, and this is Linux, where Python has no fcntl."
WAY = "On Windows, use WSL 2: run `wsl --install` in PowerShell, then install and start Jupyter inside of it."


def python(code: str, *before: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*before, sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("verb", [["doctor"], ["packages"], ["run"], ["package", "score.py"]])
def test_without_fcntl_the_command_line_says_so_in_two_lines(verb: list[str]) -> None:
    done = python(f"{HIDDEN}from jupyter_modelpack.frontends.cli import main\nsys.exit(main({verb}))")
    assert (done.returncode, done.stderr.splitlines(), done.stdout) == (6, [f"modelpack: {SAID}", WAY], "")


def test_without_fcntl_help_and_version_answer() -> None:
    for word in ("--help", "--version"):
        done = python(f"{HIDDEN}from jupyter_modelpack.frontends.cli import main\nsys.exit(main(['{word}']))")
        assert done.returncode == 0, done.stderr
        assert "modelpack" in done.stdout


def test_without_fcntl_python_says_so_where_a_name_is_imported() -> None:
    done = python(f"{HIDDEN}import jupyter_modelpack\nfrom jupyter_modelpack import Workspace")
    assert done.stderr.splitlines()[-2:] == [f"jupyter_modelpack.errors.Unavailable: {SAID}", WAY]


def test_without_fcntl_a_notebook_says_so_where_the_magics_are_loaded(tmp_path: Path) -> None:
    code = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance(colors='nocolor')\n"
        f"{HIDDEN}shell.run_cell('%load_ext jupyter_modelpack')"
    )
    done = python(f"import os; os.environ['IPYTHONDIR'] = {str(tmp_path)!r}\n{code}")
    plain = re.sub(r"\x1b\[\d+m", "", done.stdout)
    assert plain.splitlines() == [f"Unavailable: {SAID}", WAY], done.stderr


def test_without_fcntl_a_jupyter_server_starts_and_says_so(tmp_path: Path) -> None:
    code = f"{HIDDEN}{SKIPPED}\nfrom jupyter_server.serverapp import main\nmain()"
    config = ["--ServerApp.jpserver_extensions", "{'jupyter_modelpack': True}", "--ServerApp.port=0", "--no-browser"]
    argv = ["--IdentityProvider.token=t", "--allow-root", f"--ServerApp.root_dir={tmp_path}", *config]
    mine = {name: str(tmp_path) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen([sys.executable, "-c", code, *argv], stderr=log, env={**os.environ, **mine})
    try:
        address = _address(server, tmp_path / "log")
        with requests.Session() as session:  # it says that it listens a moment before it does
            session.mount("http://", HTTPAdapter(max_retries=Retry(connect=20, backoff_factor=0.02)))
            refused = session.get(f"{address}jupyter-modelpack/about?token=t", timeout=10)
        assert refused.status_code == 503
        assert SAID in refused.text
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()
    told = [line for line in (tmp_path / "log").read_text().splitlines() if "jupyter_modelpack:" in line]
    assert [line.partition("] ")[2] for line in told] == [f"jupyter_modelpack: {SAID} {WAY}"]
    assert "jupyter_modelpack | error" not in (tmp_path / "log").read_text()


def _address(server: "subprocess.Popen[bytes]", log: Path) -> str:
    until = time.monotonic() + 60
    while time.monotonic() < until and server.poll() is None:
        if found := re.search(r"http://127\.0\.0\.1:\d+/", log.read_text()):
            return found[0]
        time.sleep(0.05)
    raise AssertionError(log.read_text())


WITHOUT_PROC = ("unshare", "-m", "--propagation", "private", "sh", "-c", 'mount -t tmpfs none /proc; exec "$@"', "sh")


def test_without_proc_there_are_no_services_of_the_process_engine() -> None:
    code = "import sys\nfrom jupyter_modelpack.frontends.cli import main\nsys.exit(main(sys.argv[1:]))"
    for words in (["services", "--engine", "process"], ["services"], ["run", "--engine", "process"]):
        done = subprocess.run(
            [*WITHOUT_PROC, sys.executable, "-c", code, *words],
            env={**os.environ, "DOCKER_HOST": "unix:///nowhere.sock"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 6, done.stderr
        said = (
            "Services without a container engine need Linux"
            if "process" in words
            else "No container engine answers: there is no socket /nowhere.sock"
        )
        assert said in done.stderr
        assert "bug" not in done.stderr


def test_without_proc_the_rest_says_what_to_expect(tmp_path: Path) -> None:
    done = python("from jupyter_modelpack import Workspace; print(Workspace.create('w').name)", *WITHOUT_PROC)
    assert done.stdout == "w\n", done.stderr
    assert "services without an engine need Linux" in done.stderr
    code = "import sys\nfrom jupyter_modelpack.frontends.cli import main\nsys.exit(main(['doctor']))"
    done = python(code, *WITHOUT_PROC)
    assert "System" in done.stdout
    assert "without /proc" in done.stdout
