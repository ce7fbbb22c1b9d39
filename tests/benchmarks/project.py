"""A data scientist's folder, with the edits that a build has to follow."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

TEMPLATE = Path(__file__).with_name("project")
PINS = (TEMPLATE / "requirements.txt").read_text().split()
ADDED = ("tqdm==4.67.1", "tabulate==0.9.0", "toolz==1.0.0", "humanize==4.12.3", "cachetools==5.5.2", "colorama==0.4.6")
"""Small pure packages: one of them, each time another, is the dependency that gets added."""

TRAIN = """
import sys

import joblib
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge

joblib.dump(Ridge().fit(*load_diabetes(return_X_y=True)), sys.argv[1])
"""


class Project:
    """The folder: ``model.pkl``, ``score.py``, ``requirements.txt``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(TEMPLATE, folder)
        subprocess.run([sys.executable, "-c", TRAIN, str(self.model / "model.pkl")], check=True)
        self._added = list(ADDED)

    @property
    def model(self) -> Path:
        """The folder of the model."""
        path = self.folder / "model"
        path.mkdir(exist_ok=True)
        return path

    def rename(self) -> None:
        """Move the folder, so that it is one that no builder has seen."""
        self.folder = self.folder.rename(self.folder.with_name(f"{self.folder.name[:4]}-{secrets.token_hex(4)}"))

    def reset(self) -> None:
        """Go back to the requirements as they were."""
        self._require(PINS)

    def reorder(self) -> None:
        """Write the same requirements as another project would have: another order, a comment of its own."""
        self._require([f"# {secrets.token_hex(8)}", *reversed(PINS)])

    def add_dependency(self) -> None:
        """Require one package more than at the start, one that nobody has fetched before."""
        self._require([*PINS, self._added.pop(0)])

    def edit_script(self) -> None:
        """Change a line of the entry script."""
        text = (TEMPLATE / "score.py").read_text()
        (self.folder / "score.py").write_text(f"{text}\n\nEDIT = {secrets.token_hex(8)!r}\n")

    def add_weights(self, size: int) -> None:
        """Give the model a large file of random bytes."""
        with (self.model / "weights.bin").open("wb") as out:
            for _ in range(size >> 20):
                out.write(os.urandom(1 << 20))

    def edit_weights(self) -> None:
        """Change eight bytes in the middle of the large file."""
        with (self.model / "weights.bin").open("r+b") as file:
            file.seek(file.seek(0, os.SEEK_END) // 2)
            file.write(os.urandom(8))

    def _require(self, lines: list[str]) -> None:
        (self.folder / "requirements.txt").write_text("".join(f"{line}\n" for line in lines))
