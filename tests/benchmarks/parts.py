"""What all contenders share: an engine, a base image in it, the host's certificates, an empty registry."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from tests.services import CACHE, base, dockerd
from tests.services.packages import SEARCHED, find, need

BASE = "modelpack-bench/base:1"
TOOLS = "modelpack-bench/tools:1"
LABEL = "modelpack-bench"
OURS = "io.github.jupyter-modelpack.name=benchmark"
PIP = "pip==25.3"
PASSED_ON = ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
"""What a build needs to know to reach the package index from here; nothing of it is written down."""

TOOLS_DOCKERFILE = f"""
FROM {BASE}
LABEL {LABEL}=1
COPY uv /usr/local/bin/uv
COPY pip /opt/pip
ENV PYTHONPATH=/opt/pip PIP_BREAK_SYSTEM_PACKAGES=1 PIP_ROOT_USER_ACTION=ignore \
    PIP_CERT=/run/ca.pem SSL_CERT_FILE=/run/ca.pem
"""


@cache
def docker() -> list[str]:
    """The docker command that has BuildKit: of several on a machine not every one does."""
    need("docker", "docker-registry", "skopeo")
    env = {**os.environ, "DOCKER_BUILDKIT": "1"}
    for folder in SEARCHED.split(os.pathsep):
        program = Path(folder, "docker")
        if program.is_file():
            said = subprocess.run([program, "build", "--help"], env=env, capture_output=True, text=True, check=False)
            if "--secret" in said.stdout:
                return [str(program)]
    sys.exit("No docker command with BuildKit is installed: apt-get install docker.io")


def run(*argv: str | Path, text: str | None = None) -> str:
    """Run a program against the private engine; its whole output is the error when it fails."""
    env = {**os.environ, "DOCKER_BUILDKIT": "1", "DOCKER_HOST": dockerd.up()}
    done = subprocess.run([*map(str, argv)], env=env, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, argv))}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return done.stdout


def version() -> str:
    """The engine's version."""
    return run(*docker(), "version", "--format", "{{.Server.Version}}").strip()


def logs(container: str) -> str:
    """What a container has said, on either stream."""
    env = {**os.environ, "DOCKER_HOST": dockerd.up()}
    argv = [*docker(), "logs", container]
    return subprocess.run(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True).stdout


def build(folder: Path, tag: str, *options: str) -> None:
    """Build a Dockerfile by BuildKit; its steps see the host's certificates at /run/ca.pem."""
    passed = [f"--build-arg={name}" for name in PASSED_ON if name in os.environ]
    certificates = ssl.get_default_verify_paths().cafile
    secret = [f"--secret=id=ca,src={certificates}"] if certificates else []
    run(*docker(), "build", "--progress=plain", *secret, *passed, *options, "--tag", tag, folder)


def prepare() -> None:
    """Load the base image into the engine; make the image that has pip and uv besides."""
    with tempfile.TemporaryDirectory(dir=CACHE) as work:
        archive = Path(work, "base.tar")
        name = "made/debian-python:3.11-amd64"
        run(find("skopeo") or "skopeo", "copy", "-q", f"oci:{base.layout()}:{name}", f"docker-archive:{archive}:{BASE}")
        run(*docker(), "load", "--input", archive)
        archive.unlink()
        uv = find_uv()
        shutil.copy(uv, Path(work, "uv"))
        run(uv, "pip", "install", "--quiet", "--target", Path(work, "pip"), PIP)
        Path(work, "Dockerfile").write_text(TOOLS_DOCKERFILE)
        build(Path(work), TOOLS)


def find_uv() -> str:
    """Where uv is."""
    import uv

    return uv.find_uv_bin()


@contextlib.contextmanager
def empty_registry() -> Iterator[str]:
    """A registry that has nothing yet; gives its address."""
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        config, log = Path(folder, "config.yml"), Path(folder, "log")
        settings = {
            "version": "0.1",
            "storage": {"filesystem": {"rootdirectory": f"{folder}/data"}},
            "http": {"addr": "127.0.0.1:0"},
        }
        config.write_text(json.dumps(settings))  # JSON is YAML
        with log.open("wb") as out:
            argv = [find("docker-registry") or "docker-registry", "serve", str(config)]
            process = subprocess.Popen(argv, stdout=out, stderr=out)
        try:
            yield _address(log)
        finally:
            process.terminate()
            process.wait()


def _address(log: Path) -> str:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        _, found, rest = log.read_text().partition("listening on 127.0.0.1:")
        if found:
            address = "127.0.0.1:" + rest.split(",")[0].split('"')[0].strip()
            with contextlib.suppress(OSError, HTTPException):
                connection = HTTPConnection(address, timeout=2)
                connection.request("GET", "/v2/")
                connection.getresponse()
                return address
        time.sleep(0.05)
    raise RuntimeError(f"The registry does not start:\n{log.read_text()}")


def remove(condition: str) -> None:
    """Remove the images that meet a condition of ``docker images``, nameless ones too: they keep layers."""
    found = run(*docker(), "images", "--quiet", "--no-trunc", f"--filter={condition}").split()
    if found:
        run(*docker(), "rmi", "--force", *sorted(set(found)))


def tidy() -> None:
    """Take back what builds have left in the engine; the base image stays, for others may stand on it."""
    for condition in (f"label={OURS}", f"label={LABEL}"):
        remove(condition)
    run(*docker(), "builder", "prune", "--all", "--force")
