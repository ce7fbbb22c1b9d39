"""The installed command line, started as a process."""

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(sys.executable).with_name("modelpack")


def modelpack(*words: str, stdin: str = "", cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "MODELPACK_ENGINE": "process", **env}
    return subprocess.run(
        [PROGRAM, *words], input=stdin, capture_output=True, text=True, check=False, cwd=cwd, env=environment
    )
