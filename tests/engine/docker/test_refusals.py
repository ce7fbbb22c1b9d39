"""What an engine's refusals mean: the answers are those that Docker 20.10 and Podman 4.3 gave."""

import pytest
import requests
from docker.errors import APIError

from jupyter_modelpack.engine.docker.cli_output import BuildTranscript, PullTranscript
from jupyter_modelpack.engine.docker.connection import _worded
from jupyter_modelpack.errors import Conflict, Denied, NotFound, Unavailable
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.names import Reference
from tests.linear.cost import STEEP, growth


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (404, "No such container: x", NotFound),
        (500, "container f26b does not exist in database: no such container", NotFound),  # went while it was looked at
        (500, "inspecting object: no such image x", NotFound),
        (409, "container f26b is running", Conflict),
        (500, 'the container name "x" is already in use by f26b', Conflict),
        (500, "listen tcp4 127.0.0.1:6789: bind: address already in use", Conflict),
        (500, "the disk is on fire", Unavailable),
    ],
)
def test_refusals(status: int, said: str, kind: type[Exception]):
    response = requests.Response()
    response.status_code = status
    with pytest.raises(kind, match=r"Looking for x: .*"), _worded("Looking for x"):
        raise APIError("refused", response, said)


def test_a_long_refusal_is_understood_in_proportion_to_its_length():
    def understand(said: str) -> None:
        response = requests.Response()
        response.status_code = 409
        with pytest.raises(Conflict), _worded("Starting x"):
            raise APIError("refused", response, said)

    assert growth(understand, lambda length: "name a is a" * (length // 11), 16_384) < STEEP


FULL = "write /var/lib/docker/overlay2/1f/diff/opt/x: no space left on device"


def test_a_full_disk_of_the_engines_is_said_in_a_sentence():
    response = requests.Response()
    response.status_code = 500
    said = []
    with pytest.raises(Unavailable) as refused, _worded("Starting x"):
        raise APIError("refused", response, FULL)
    said.append(refused.value)
    for transcript in (PullTranscript(Reference.parse("x"), Reporter()), BuildTranscript(Reporter())):
        with pytest.raises(Unavailable) as failed:
            transcript.read({"errorDetail": {"message": FULL}, "error": FULL})
        said.append(failed.value)
    for error in said:
        assert error.message.endswith("the disk on which the container engine keeps its images and containers is full.")
        assert error.code == "disk-full"
        assert "docker system prune" in error.hint


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("manifest for {name} not found: manifest unknown: manifest unknown", NotFound),
        ("received unexpected HTTP status: 404 Not Found", NotFound),
        ("unexpected status from GET request to http://{name}: 403 Forbidden", Denied),
        ("dial tcp 127.0.0.1:44039: connect: connection refused", Unavailable),
    ],
)
def test_what_a_pull_means_does_not_depend_on_the_images_name(said: str, kind: type[Exception]):
    name = "127.0.0.1:44039/denied/not-found-404:timeout"
    message = {"error": said.replace("{name}", name)}
    with pytest.raises(kind) as refused:
        PullTranscript(Reference.parse(name), Reporter()).read(message)
    assert type(refused.value) is kind
