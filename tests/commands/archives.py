"""Programs that read archives, and archives that are changed on the way."""

import io
import os
import subprocess
import tarfile
from pathlib import Path


def output(*argv: str, **env: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env={**os.environ, **env})
    assert done.returncode == 0, done.stderr
    return done.stdout


def repack(source: Path, target: Path, change) -> Path:
    """Copy an archive, each member by way of `change(name, data)`; None leaves it out."""
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for info in old:
            data = change(info.name, old.extractfile(info).read())
            if data is not None:
                info.size = len(data)
                new.addfile(info, io.BytesIO(data))
    return target
