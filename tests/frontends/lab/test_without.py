"""Where there is no Jupyter server (VS Code, Colab, a bare IPython), commands and magics work all the same."""

import os
import subprocess
from pathlib import Path

import pytest
from jupyter_client.manager import KernelManager

from jupyter_modelpack import __version__
from tests.services.wheel import without_server

pytestmark = pytest.mark.network

SCRIPT = """%%package --name bare --dry-run --sample 2
def init(): ...
def run(data): return 21 * int(data)
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return without_server(tmp_path_factory.mktemp("without") / "env")


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    mine = {
        "MODELPACK_HOME": str(tmp_path / "home"),
        "MODELPACK_ENGINE": "process",
        "IPYTHONDIR": str(tmp_path / "ipy"),
    }
    return {**os.environ, **mine}


def test_there_is_none(python: Path):
    found = "import importlib.util as u; print([u.find_spec(n) for n in ('jupyter_server', 'jupyterlab')])"
    assert subprocess.check_output([python, "-c", found], text=True).strip() == "[None, None]"


def test_the_command_line_works(python: Path, env: dict[str, str]):
    for words, said in ((["version"], __version__), (["services"], "NAME"), (["packages"], "REFERENCE")):
        done = subprocess.run(
            [python.with_name("modelpack"), *words], env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert said in done.stdout


def test_a_bare_ipython_has_the_magics(python: Path, env: dict[str, str]):
    code = "%load_ext jupyter_modelpack\n%modelpack version\n"
    done = subprocess.run(
        [python, "-m", "IPython", "--no-banner", "--colors=NoColor"],
        env=env,
        input=code,
        capture_output=True,
        text=True,
        check=True,
    )
    assert __version__ in done.stdout
    assert "Error" not in done.stdout + done.stderr


def test_a_kernel_packages_a_cell(python: Path, env: dict[str, str]):
    kernel = KernelManager()
    kernel.kernel_spec.argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernel.start_kernel(env=env)
    try:
        client = kernel.blocking_client()
        client.start_channels()
        client.wait_for_ready(60)
        said: list[str] = []
        for cell in ("%load_ext jupyter_modelpack", SCRIPT):
            reply = client.execute_interactive(
                cell, timeout=120, output_hook=lambda one: said.append(str(one["content"]))
            )
            assert reply["content"]["status"] == "ok", said
        assert "42" in "".join(said)
        client.stop_channels()
    finally:
        kernel.shutdown_kernel(now=True)
