"""The package as users get it: a wheel built from a clean checkout, installed in an environment of its own."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.services import CACHE, CHECKOUT, only_one

UV = CACHE / "uv" / "bin" / "uv"
SOURCES = (
    "jupyter_modelpack", "labextension", "jupyter-config", "install.json",
    "pyproject.toml", "README.md", "LICENSE", ".gitignore", "requirements.lock",
)  # fmt: skip
"""What the wheel and its environment are made of: a changed test, or a page of prose, needs no other."""

KEPT = 2
"""Environments that stay, newest first: a checkout's tests are run again and again."""


def environment() -> Path:
    """Give the folder of an environment with JupyterLab and the wheel; made again when a source has changed."""
    files = _files()
    state = hashlib.sha256()
    for name in files:
        state.update(name.encode() + b"\0" + hashlib.sha256((CHECKOUT / name).read_bytes()).digest())
    home = CACHE / "installed"
    done = home / state.hexdigest()[:16]
    with only_one("installed"):
        if not done.exists():
            home.mkdir(parents=True, exist_ok=True)
            for old in sorted(home.iterdir(), key=lambda one: one.stat().st_mtime)[: -KEPT + 1 or None]:
                shutil.rmtree(old)
            with tempfile.TemporaryDirectory(dir=CACHE) as work:
                wheel = _build(files, Path(work))
                _install(wheel, done, ["jupyterlab", "jupyterlab-language-pack-pt-BR", "notebook", "scikit-learn"])
                shutil.copy(wheel, done)
    return done


def without_server(folder: Path) -> Path:
    """Install the wheel where there is no Jupyter server, as in VS Code or a bare IPython; give the Python."""
    [wheel] = environment().glob("*.whl")
    _install(wheel, folder, ["ipykernel"])
    return folder / "bin" / "python"


def _files() -> list[str]:
    said = subprocess.run(["git", "ls-files", "-z", "--", *SOURCES], cwd=CHECKOUT, capture_output=True, check=True)
    return sorted(name for name in said.stdout.decode().split("\0") if name and (CHECKOUT / name).is_file())


def _build(files: list[str], work: Path) -> Path:
    """Build the wheel from what the repository holds for it, and nothing that lies beside it here."""
    checkout = work / "checkout"
    for name in files:
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / name, checkout / name)
    if not shutil.which("npm"):
        raise RuntimeError("The side panel is built with npm, which is missing here: install Node.js 20 or newer.")
    _run(["npm", "ci", "--no-audit", "--no-fund"], checkout / "labextension")
    _run([str(UV), "build", "-q", "--wheel", "--out-dir", str(work)], checkout)
    [wheel] = work.glob("*.whl")
    return wheel


def _install(wheel: Path, target: Path, beside: list[str]) -> None:
    """Install it, in the versions of the lock: pip does nothing for the extensions that users would not get."""
    try:
        _run([str(UV), "venv", "-q", "--python", sys.executable, str(target)], wheel.parent)
        pip = [str(UV), "pip", "install", "-q", "--python", str(target / "bin" / "python")]
        _run([*pip, "-c", str(_constraints(target)), *beside, str(wheel)], wheel.parent)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise


def _constraints(work: Path) -> Path:
    lock = (CHECKOUT / "requirements.lock").read_text().splitlines()
    pins = work / "constraints.txt"
    pins.write_text("".join(f"{line.partition(' ')[0]}\n" for line in lock if "==" in line and line[0].isalnum()))
    return pins


def _run(command: list[str], folder: Path) -> None:
    env = {**os.environ, "UV_SYSTEM_CERTS": "1"}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
