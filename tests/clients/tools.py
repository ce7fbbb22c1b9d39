"""Run a client program as its first lines say; `python -m tests.clients.tools LANGUAGE...` installs what it takes."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from jupyter_modelpack.clients.program import LANGUAGES, Call, language, program
from tests.services import CACHE, packages, typescript

UNTRIED = {"powershell"}
TRIED = [name for name in LANGUAGES if name not in UNTRIED]

NEEDS: dict[str, tuple[str, ...]] = {
    "python": (),
    "curl": ("curl",),
    "javascript": ("node",),  # 20 or newer, which Debian 12 does not have
    "typescript": ("node", "npm"),
    "go": ("go", "gofmt"),
    "csharp": ("mcs", "mono", "cert-sync"),
    "java": ("java", "javac", "keytool"),
    "r": ("Rscript",),
}
"""Programs that a language takes."""

PATIENCE = 120.0


class Program:
    """A client program in a folder, compiled where its language is compiled."""

    def __init__(self, name: str, call: Call, folder: Path) -> None:
        missing = [tool for tool in NEEDS[name] if shutil.which(tool) is None]
        assert not missing, f"{name} needs {' and '.join(missing)}; make clients installs what Debian has"
        chosen = language(name)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / chosen.file).write_text(program(chosen, call) + "\n", encoding="utf-8")
        self.folder = folder
        self._argv = STEPS[name](folder, chosen.file) if name in STEPS else chosen.run.split()

    def run(self, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run it in its folder, which is also its user's home."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8", **variables}
        return subprocess.run(
            self._argv,
            cwd=self.folder,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )


def _built(*command: str, folder: Path, **variables: str) -> None:
    environment = {**os.environ, **variables}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, ""), "a compiler has something to say"


def _python(_folder: Path, file: str) -> list[str]:
    return [sys.executable, "-W", "error", file]


def _typescript(folder: Path, file: str) -> list[str]:
    options = ["--strict", "--target", "es2022", "--module", "nodenext"]
    _built(str(typescript.compiler()), *options, file, folder=folder)
    return ["node", Path(file).with_suffix(".mjs").name]


def _go(folder: Path, file: str) -> list[str]:
    _built("gofmt", "-l", file, folder=folder)
    _built("go", "build", file, folder=folder, GOCACHE=str(CACHE / "go"), GO111MODULE="off")
    return [str(folder / Path(file).stem)]


def _csharp(folder: Path, file: str) -> list[str]:
    _built("mcs", "-warnaserror", "-r:System.Net.Http.dll", file, folder=folder)
    return ["mono", Path(file).with_suffix(".exe").name]


STEPS: dict[str, Callable[[Path, str], list[str]]] = {
    "python": _python,
    "typescript": _typescript,
    "go": _go,
    "csharp": _csharp,
}
"""Languages that are compiled first, or for which what the program says to type does not name the right interpreter."""


def install(names: list[str]) -> None:
    """Install what is missing, or say what is."""
    if unknown := set(names) - set(TRIED):
        sys.exit(f"{', '.join(sorted(unknown))}: not tried here. There are: {' '.join(TRIED)}")
    tools = {tool for name in names for tool in NEEDS[name]}
    packages.need(*(tools & set(packages.COMPILERS)))
    if missing := sorted(tool for tool in tools if shutil.which(tool) is None):
        sys.exit(f"Missing on this machine: {', '.join(missing)}. Install Node.js 20 or newer, with npm.")


if __name__ == "__main__":
    install(sys.argv[1:] or TRIED)
