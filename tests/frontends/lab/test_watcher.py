"""What others change is noticed in every place that a page watches."""

import pytest

from jupyter_modelpack.frontends.lab.target import Target
from jupyter_modelpack.frontends.lab.watcher import Watcher
from tests.frontends.lab.crowd import ANSWERS, engine

HERE, THERE = Target("here", "process"), Target("there", "docker")


def test_images_of_a_second_place_are_noticed_too(monkeypatch: pytest.MonkeyPatch):
    looker = Watcher(lambda _tables: None)

    def look() -> set[str]:
        looker._next_images = 0.0  # it is time
        return looker.look([HERE, THERE])

    with engine() as host:
        monkeypatch.setenv("DOCKER_HOST", host)
        assert look() == set()
        assert look() == set()
        monkeypatch.setitem(ANSWERS, "images/json", b"[]")
        assert look() == {"images"}
        assert look() == set()
