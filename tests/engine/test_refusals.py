"""What an engine's refusals mean: the answers are those that Docker 20.10 and Podman 4.3 gave."""

import pytest
import requests
from docker.errors import APIError

from jupyter_modelpack.engine.docker import _worded
from jupyter_modelpack.errors import Conflict, NotFound, Unavailable


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
