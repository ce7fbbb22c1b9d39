"""Base images out of Debian packages."""

import subprocess
import uuid

import pytest

from jupyter_modelpack.builder.base_image.debian import SUITES, host_python, make_base
from jupyter_modelpack.engine.select import choose
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.manifest import Platform
from jupyter_modelpack.store.layout import Layout
from tests.services.packages import need

OTHERS = sorted(SUITES.keys() - {host_python()})


@pytest.mark.network
@pytest.mark.parametrize("python", OTHERS)
def test_its_python_starts(python, tmp_path, docker_host, monkeypatch):
    """The host's own is what every other test runs on."""
    need("mmdebstrap")
    image = make_base(python, Platform(), Layout.create(tmp_path / "cache"), Reporter())
    name = f"base-{uuid.uuid4().hex[:8]}:1"
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    choose("docker").images.load(image, [name], Reporter())
    try:
        program = "import ssl, sys; print(sys.version_info[:2])"
        done = subprocess.run(
            ["docker", "run", "--rm", "--read-only", "--user", "65532", name, "python3", "-c", program],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.stdout.strip(), done.stderr) == (str(tuple(int(n) for n in python.split("."))), "")
    finally:
        subprocess.run(["docker", "image", "rm", "--force", name], capture_output=True, check=False)
