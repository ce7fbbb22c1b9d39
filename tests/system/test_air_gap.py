"""Handing a package over in one file to a place that no network reaches."""

import json
import re
import tarfile

import pytest

from tests.system.tutorial import PACKAGE, REGISTER, score_when_up

pytestmark = [pytest.mark.engine, pytest.mark.network]

NAME, PORT = "air-gap", 6793


def test_one_file_runs_in_docker_and_in_a_workspace_elsewhere(docker, trained):
    url = f"http://localhost:{PORT}/score"
    out = docker.python(REGISTER + PACKAGE.replace("package.pull()", "print('IS', package.location, package.digest)"))
    location, digest = re.search(r"IS (\S+) (\S+)", out).groups()
    name = location.partition("/")[2]
    docker(f"modelpack save {name} handed-over.tar -w tutorial")

    with tarfile.open(docker.folder / "handed-over.tar") as tar:
        lock = tar.extractfile("pylock.toml").read().decode()
        bill = json.load(tar.extractfile("sbom.cdx.json"))
    locked = set(re.findall(r'^name = "(.+)"$', lock, re.MULTILINE))
    assert {"scikit-learn", "numpy", "joblib"} <= locked
    assert {one["name"] for one in bill["components"] if one.get("purl", "").startswith("pkg:pypi/")} == locked

    assert docker("docker load --input handed-over.tar") == f"Loaded image: {name}\n"
    try:
        docker(f"docker run -d -p {PORT}:5001 --name {NAME} {name}")
        assert score_when_up(url) == pytest.approx(trained[1])
    finally:
        docker(f"docker rm -f {NAME}", check=False)
        docker(f"docker image rm {name}")

    docker.env.update(MODELPACK_HOME=str(docker.folder / "elsewhere"), MODELPACK_ENGINE="process")
    loaded = json.loads(docker("unshare --net modelpack load handed-over.tar --json"))
    assert (loaded["digest"], loaded["models"]) == (digest, ["diabetes:1"])
    try:
        docker(f"modelpack run {name} --name {NAME} --port {PORT}")
        assert score_when_up(url) == pytest.approx(trained[1])
    finally:
        docker(f"modelpack kill {NAME}", check=False)
