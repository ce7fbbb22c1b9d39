"""The ground the other tests stand on holds."""

import contextlib
import os
import subprocess
from pathlib import Path

import docker
import pytest
import requests

from tests.services import dockerd, network, registry
from tests.services.packages import need


@pytest.fixture(scope="module")
def image(docker_host, base_image):
    """The base image, loaded into the engine."""
    need("skopeo")
    source, target = f"oci:{base_image}", "docker-daemon:modelpack-tests/base:1"
    subprocess.run(["skopeo", "copy", "--quiet", f"--dest-daemon-host={docker_host}", source, target], check=True)
    return "modelpack-tests/base:1"


@pytest.mark.engine
def test_the_base_image_runs_python_unprivileged_and_read_only(docker_host, image):
    program = "import os, ssl; print(os.getuid(), len(ssl.create_default_context().get_ca_certs()) > 100)"
    with contextlib.closing(docker.DockerClient(base_url=docker_host, timeout=60)) as client:
        said = client.containers.run(
            image, ["python3", "-c", program], user="65532:65532", read_only=True, cap_drop=["ALL"], remove=True
        )
    assert said == b"65532 True\n"


@pytest.mark.engine
def test_a_second_start_finds_the_first(docker_host):
    assert dockerd.up() == docker_host


@pytest.mark.engine
def test_the_engine_writes_no_firewall_rule_of_its_own(docker_host):
    with contextlib.closing(docker.DockerClient(base_url=docker_host, timeout=60)) as client:
        bridge = client.networks.get("bridge").attrs
    assert bridge["Options"]["com.docker.network.bridge.name"] == network.NAME
    assert bridge["Options"]["com.docker.network.bridge.enable_ip_masquerade"] == "false"


@pytest.mark.registry
def test_the_registry_lets_in_who_knows_the_password(cncf_registry):
    address, username, password = cncf_registry
    assert requests.get(f"http://{address}/v2/", timeout=5).status_code == 401
    assert requests.get(f"http://{address}/v2/", auth=(username, password), timeout=5).status_code == 200
    assert registry.up() == cncf_registry


def test_tests_see_nothing_of_the_user(home, tmp_path):
    assert home.is_relative_to(tmp_path)
    assert Path(os.environ["DOCKER_CONFIG"]).is_relative_to(tmp_path)
    assert "DOCKER_HOST" not in os.environ
