"""`modelpack images` beside the real `docker images`, on the real engine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_modelpack.engine.docker.connection import connect
from jupyter_modelpack.engine.docker.containers import ContainerEngine
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.store.layout import Layout

PROGRAM = Path(sys.executable).with_name("modelpack")


def lines(*argv: str | Path) -> list[str]:
    done = subprocess.run(argv, capture_output=True, text=True, check=True, env=os.environ)
    return sorted(line.removesuffix("*").rstrip() for line in done.stdout.splitlines() if not line.startswith("* "))


@pytest.mark.engine
def test_the_table_is_dockers_own(docker_host: str, base_image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    layout = Layout(base_image)
    image: Image = layout.image(next(iter(layout.names().values())))
    ContainerEngine(connect()).images.load(image, ["table.example/some/base:1"], Reporter())
    for _ in range(5):
        # The engine is shared: between the two an image can come, go, or grow a second older.
        ours, theirs = lines(PROGRAM, "images"), lines("docker", "images")
        if ours == theirs:
            break
    assert ours == theirs
    assert any(line.startswith("table.example/some/base") for line in ours)
