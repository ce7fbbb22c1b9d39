"""Another Python on this machine: where it looks for modules, and its version."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from jupyter_modelpack.capture import module_files
from jupyter_modelpack.errors import PathNotFound

_ASKED = "import json, sys; print(json.dumps([sys.path[1:], '%d.%d' % sys.version_info[:2]]))"
_FILES = """
import json
print(json.dumps({name: str(file) for name in json.load(sys.stdin) if (file := file_of(name))}))
"""
_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python as it describes itself.

    Attributes:
        program: Its program.
        path: Folders in which it looks for modules.
        version: Minor version, ``3.11``.
    """

    program: Path
    path: tuple[str, ...]
    version: str

    def files_of(self, modules: Iterable[str]) -> dict[str, Path]:
        """Return the file that each dotted name means there, as `module_files.file_of` does.

        Raises:
            PathNotFound: it does not answer, being older than what is supported.

        """
        text = Path(module_files.__file__).read_text() + _FILES
        try:
            found = json.loads(_say(self.program, text, json.dumps(sorted(set(modules)))))
            return {name: Path(file) for name, file in found.items()}
        except (OSError, ValueError, AttributeError, TypeError, subprocess.SubprocessError) as error:
            raise PathNotFound(
                f"{self.program} cannot be asked for its modules: that takes Python 3.10 or newer.",
                hint="Name the packages that are needed: --pip, or --requirements.",
                code="no-python",
            ) from error


def interpreter(given: str | os.PathLike[str]) -> Interpreter:
    """Return the Python of an environment.

    Args:
        given: Its program, or the folder of its environment.

    Raises:
        PathNotFound: there is none, or it does not answer.

    """
    path = Path(given).expanduser().absolute()
    program = path / "bin" / "python" if path.is_dir() else path
    try:
        return _asked(program, program.stat().st_mtime_ns)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        said = error.strerror if isinstance(error, OSError) else "it does not answer as a Python does"
        raise PathNotFound(
            f"{given} is no Python, and no folder of an environment with one: {said}.",
            hint="Name its program, as `which python` prints it, or the environment's folder.",
            code="no-python",
        ) from error


def active_environment() -> Path | None:
    """Return the folder of the environment that a shell has activated, when another Python than its runs this.

    In a notebook the kernel's Python is meant, whatever was active where Jupyter was started.
    """
    ipython = sys.modules.get("IPython")
    if ipython is not None and ipython.get_ipython() is not None:
        return None
    named = os.environ.get("VIRTUAL_ENV") or os.environ.get("CONDA_PREFIX")
    if not named or not (Path(named) / "bin" / "python").exists() or Path(named).samefile(sys.prefix):
        return None
    return Path(named)


@lru_cache(maxsize=16)
def _asked(program: Path, _changed: int) -> Interpreter:
    path, version = json.loads(_say(program, _ASKED, ""))
    return Interpreter(program, tuple(path), version)


def _say(program: Path, text: str, given: str) -> str:
    argv = [str(program), "-c", text]
    done = subprocess.run(  # with -c, modules are looked for in the current folder first
        argv, input=given, capture_output=True, timeout=_SECONDS, check=True, text=True, cwd="/"
    )
    return done.stdout
