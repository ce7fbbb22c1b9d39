"""A Python of another minor version than the tests' own, with what this package needs, kept in `.cache/`."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from jupyter_modelpack.builder.lock.pylock import uv_program
from tests.services import CACHE, CHECKOUT, only_one

RANGE = f">={sys.version_info[0]}.{sys.version_info[1] + 1}"


def environment() -> Path:
    """Give its interpreter: one that this machine has, else one that uv fetches."""
    done = CACHE / "another-python"
    with only_one("another-python"):
        if not done.exists():
            CACHE.mkdir(exist_ok=True)
            with tempfile.TemporaryDirectory(dir=CACHE) as work:
                made = Path(work, "made")
                uv("venv", "--relocatable", "--python", found(RANGE, "3.13"), str(made))
                python = str(made / "bin" / "python")
                uv("pip", "install", "--python", python, "-c", "requirements.lock", "-r", "pyproject.toml")
                made.rename(done)
    return done / "bin" / "python"


def found(wanted: str, release: str) -> str:
    """Give an interpreter that is `wanted`, one of this machine or else the `release` that uv fetches."""
    # What pyenv keeps is on PATH only for who has chosen it.
    kept = map(str, Path.home().glob(".pyenv/versions/*/bin"))
    places = os.pathsep.join([os.environ.get("PATH", os.defpath), *kept])
    try:
        return uv("python", "find", "--no-python-downloads", wanted, PATH=places)
    except subprocess.CalledProcessError:
        uv("python", "install", "--no-bin", release, UV_PYTHON_DOWNLOADS="manual")
        return uv("python", "find", wanted)


def uv(*words: str, **env: str) -> str:
    """Run uv in the checkout; give what it says."""
    argv = [uv_program(), *words, "--quiet"] if words[:2] != ("python", "find") else [uv_program(), *words]
    done = subprocess.run(argv, cwd=CHECKOUT, env={**os.environ, **env}, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()
