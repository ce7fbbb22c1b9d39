"""`python -m tests.scoring.pythons [PYTHON...]`: the tests of this folder, with the server under other Pythons.

An image brings the Python that its model needs. A version is one of this machine's or fetched by uv, and gets an
environment of its own; a path is taken as it is, with scikit-learn and the server's packages in it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.scoring.service import PYTHON
from tests.services import CACHE, CHECKOUT
from tests.services.another_python import found, uv

VERSIONS = ("3.10", "3.12", "3.13", "3.14")
"""What `make test` does not try: that has the server under the Python of the tests themselves."""

NEEDS = ("-r", "jupyter_modelpack/scoring/requirements.txt", "scikit-learn")
"""The server's own packages, and what the models of the tests are made of."""


def tried(wanted: str) -> bool:
    """Run the tests with the server under that Python; tell whether all passed."""
    if "/" in wanted:
        return _passed(wanted)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        python = str(Path(scratch, "env", "bin", "python"))
        uv("venv", "--python", found(wanted, wanted), f"{scratch}/env")
        uv("pip", "install", "--python", python, *NEEDS)
        return _passed(python)


def _passed(python: str) -> bool:
    print(subprocess.check_output([python, "--version"], text=True).strip(), flush=True)
    argv = [sys.executable, "-m", "pytest", "-q", "tests/scoring"]
    return not subprocess.run(argv, cwd=CHECKOUT, env=os.environ | {PYTHON: python}, check=False).returncode


if __name__ == "__main__":
    CACHE.mkdir(exist_ok=True)
    if failed := [python for python in sys.argv[1:] or VERSIONS if not tried(python)]:
        sys.exit(f"Tests failed with the server under {', '.join(failed)}.")
