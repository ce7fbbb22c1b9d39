"""What an engine's refusals mean: the answers are those that Docker 20.10 and Podman 4.3 gave."""

import pytest
import requests
from docker.errors import APIError

from jupyter_modelpack.engine.docker.cli_output import BuildTranscript, PullTranscript
from jupyter_modelpack.engine.docker.connection import _worded
from jupyter_modelpack.errors import Conflict, NotFound, Unavailable
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.names import Reference


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
