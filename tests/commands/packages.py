"""A workspace with packages that nobody had to build, and the program as a shell starts it."""

import json
import os
import subprocess
import sys
from pathlib import Path

from jupyter_modelpack.workspace import package_record
from jupyter_modelpack.workspace.package import ModelPackage
from jupyter_modelpack.workspace.package_record import Facts
from jupyter_modelpack.workspace.workspace import Workspace
from tests.registry.samples import layer, put_image

PROGRAM = Path(sys.executable).with_name("modelpack")


def modelpack(*words: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "MODELPACK_ENGINE": "process", **env}
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, check=False, cwd=cwd, env=environment)


def printed(*words: str, cwd: Path | None = None, **env: str) -> dict:
    done = modelpack(*words, "--json", cwd=cwd, **env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def put_package(workspace: Workspace, label: str = "1", *, size: int = 2_000_000, name: str = "adder") -> ModelPackage:
    """Name an image of two layers as packaging would."""
    image = put_image(workspace.store, f"models/none:{label}", layer(1, 100), layer(2, size))
    workspace.store.untag(f"models/none:{label}")
    record = package_record.write(workspace.store, name, label, image.descriptor, Facts(("diabetes:1",)))
    return ModelPackage.get(workspace, record.name)
