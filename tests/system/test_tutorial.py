"""The documented tutorial, both halves, as a reader types it: real engine, real docker command."""

import json
import re
import secrets
import signal
import subprocess

import pytest

from tests.system.tutorial import PACKAGE, REGISTER, Shell, score_when_up

pytestmark = [pytest.mark.engine, pytest.mark.network]


DOCKERFILE = """
package = Model.package(ws, [model], inference_config, generate_dockerfile=True)
package.wait_for_creation(show_output=True)
package.save("./imagefiles")
acr = package.get_container_registry()
print("Address:", acr.address)
print("Username:", acr.username)
print("Password:", acr.password)
"""


def run_and_score(shell: Shell, image: str) -> list[float]:
    """`docker run` in the foreground of one terminal, the tutorial's request in another."""
    container = subprocess.Popen(
        ["docker", "run", "-p", "6789:5001", "--name", "mycontainer", image],
        cwd=shell.folder,
        env=shell.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        found = score_when_up()
    except BaseException:
        container.kill()
        print(container.communicate()[0], shell("docker logs mycontainer 2>&1", check=False))
        raise
    shell("docker kill mycontainer")
    container.communicate()
    return found


def test_first_half_a_package_is_an_image(docker, trained):
    script = docker.folder / "score.py"
    script.write_text(f"{script.read_text()}# {secrets.token_hex(8)}\n")  # an image that no other test has pulled
    out = docker.python(REGISTER + PACKAGE)
    assert out.startswith("Registering model diabetes\n")
    assert "Package creation Succeeded" in out
    pulled = re.search(r"Status: Downloaded newer image for (\S+)/package:(\d{14})\n$", out)
    assert pulled, out
    address, tag = pulled.groups()
    images = docker("docker images")
    assert images.startswith("REPOSITORY")
    row = next(line for line in images.splitlines() if line.startswith(f"{address}/package "))
    _name, found, image_id, *_ = row.split()
    assert found == tag
    assert run_and_score(docker, image_id) == pytest.approx(trained[1])


def test_second_half_a_package_is_a_dockerfile(docker, trained):
    out = docker.python(REGISTER + DOCKERFILE)
    address, username, password = (re.search(rf"{key}: (\S+)", out)[1] for key in ("Address", "Username", "Password"))
    wrong = docker.run(f"docker login {address} -u {username} -p not-the-password")
    assert wrong.returncode == 1
    assert "401 Unauthorized" in wrong.stderr
    assert "Login Succeeded" in docker(f"docker login {address} -u {username} -p {password}")
    files = {str(path.relative_to(docker.folder / "imagefiles")) for path in (docker.folder / "imagefiles").rglob("*")}
    assert {
        "Dockerfile",
        "azureml-app/score.py",
        "azureml-app/azureml-models/diabetes/1/sklearn_regression_model.pkl",
        "pylock.toml",
        "requirements.txt",
    } <= files
    # No network in the build's steps, no package index outside: everything is in FROM and in the folder.
    docker("docker build --network none --tag myimage ./imagefiles")
    images = docker("docker images")
    assert re.search(r"^myimage +latest +", images, re.MULTILINE)
    assert run_and_score(docker, "myimage:latest") == pytest.approx(trained[1])


def test_the_saved_dockerfile_builds_tomorrow_and_with_buildkit(docker):
    out = docker.python(REGISTER + DOCKERFILE + "print('Path:', ws.path)")
    keys = ("Address", "Username", "Password", "Path")
    address, username, password, workspace = (re.search(rf"{key}: (\S+)", out)[1] for key in keys)
    # Tomorrow the registry's process is gone; one command serves again, at the same address.
    docker(f"pkill -f 'delivery.serve_registry {workspace}'")
    refused = docker.run(f"docker login {address} -u {username} -p {password}")
    assert "connection refused" in refused.stderr
    serving = subprocess.Popen(
        ["modelpack", "registry", "--workspace", "tutorial"],
        env=docker.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        line = serving.stdout.readline()
        assert address in line, line
        docker(f"docker login {address} -u {username} -p {password}")
        docker("DOCKER_BUILDKIT=1 /usr/bin/docker build --no-cache --tag with-buildkit ./imagefiles")
    finally:
        serving.send_signal(signal.SIGINT)
        serving.communicate(timeout=10)


def test_the_container_is_non_root_on_a_read_only_root(docker, trained):
    out = docker.python(REGISTER + PACKAGE + "print('ID', package.image_id)")
    image = re.search(r"ID (\S+)", out)[1]
    docker(
        "docker run -d --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges"
        f" -p 6789:5001 --name mycontainer {image}"
    )
    assert score_when_up() == pytest.approx(trained[1])
    python = "docker exec mycontainer /opt/modelpack/env/bin/python -c"
    assert docker(f"{python} 'import os; print(os.getuid(), os.getgid())'") == "65532 65532\n"
    # Hardly anything is compiled at a start: neither packages nor what the base image leaves out of Python itself.
    imports = docker.run("docker exec mycontainer /opt/modelpack/env/bin/python -v -c 'import json, sklearn'").stderr
    assert re.search(
        r"json/__pycache__/decoder\.cpython-311\.pyc matches /usr/lib/python3\.11/json/decoder\.py", imports
    )
    source = re.findall(r"^# code object from '?(/\S+\.py)'?$", imports, re.MULTILINE)
    # Debian's link to a file that is to be edited, and what releases of Python compile differently.
    source.remove("/usr/lib/python3.11/sitecustomize.py")
    assert len(source) < 8
    for path in source:
        text = docker(f"{python} 'print(open(\"{path}\").read())'")
        assert re.search(r"^ +match .+:$", text, re.MULTILINE), path
    write = docker.run(f'{python} \'open("/var/azureml-app/x", "w")\'')
    assert "Read-only file system" in write.stderr
    docker("docker stop mycontainer")
    assert docker("docker inspect -f '{{.State.ExitCode}}' mycontainer") == "0\n"


def test_skopeo_reads_the_workspace(docker):
    out = docker.python(
        REGISTER + PACKAGE + "print('AT', ws.path, package.location.rpartition('/')[2], package.digest)"
    )
    path, name, digest = re.search(r"AT (\S+) (\S+) (\S+)", out).groups()
    inspected = json.loads(docker(f"skopeo inspect oci:{path}:{name}"))
    assert inspected["Digest"] == digest
    assert inspected["Labels"]["io.github.jupyter-modelpack.models"] == "diabetes:1"
    assert inspected["Architecture"] == "amd64"
    docker(f"skopeo copy -q oci:{path}:{name} dir:copy")


def test_the_same_script_without_docker(no_docker, trained):
    out = no_docker.python(REGISTER + PACKAGE + "print('AT', package.location)")
    assert "Package creation Succeeded" in out
    name = re.search(r"AT (\S+)", out)[1]
    assert "package" in no_docker("modelpack images --workspace tutorial")
    try:
        started = no_docker.run(f"modelpack run {name} --workspace tutorial --name mycontainer")
        assert started.returncode == 0, started.stderr
        assert "Not isolated" in started.stderr
        assert score_when_up() == pytest.approx(trained[1])
    finally:
        no_docker("modelpack kill mycontainer")
