"""Environments made on the spot by uv, as people make them."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from jupyter_modelpack.builder.lock.pylock import uv_environment, uv_program


def environment(folder: Path, *installs: Sequence[str | Path]) -> Path:
    """Make an environment in `folder`; each of `installs` is what ``pip install`` is given."""
    _uv("venv", "--quiet", "--python", sys.executable, folder)
    for words in installs:
        _uv("pip", "install", "--quiet", "--no-deps", "--python", folder, *words)
    return folder


def project(folder: Path, name: str, *, backend: str, layout: str = "src") -> Path:
    """Write a project of one package, in ``src/`` or flat, of either build system that editable installs differ by."""
    within = folder / "src" if layout == "src" else folder
    (within / name).mkdir(parents=True)
    (within / name / "__init__.py").write_text("")
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "{name.replace("_", "-")}"\nversion = "0.3"\n'
        f'[build-system]\nrequires = ["{backend.partition(".")[0]}"]\nbuild-backend = "{backend}"\n'
        f'[tool.hatch.build.targets.wheel]\npackages = ["{"src/" if layout == "src" else ""}{name}"]\n'
        f'[tool.setuptools.packages.find]\nwhere = ["{"src" if layout == "src" else "."}"]\n'
    )
    return folder


def _uv(*words: str | Path) -> None:
    subprocess.run([uv_program(), *map(str, words)], env=uv_environment(), check=True, capture_output=True)
