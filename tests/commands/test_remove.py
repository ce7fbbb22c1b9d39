"""remove takes a name out of the engine, and says so where there is none."""

import pytest

from jupyter_modelpack.commands.remove import remove
from jupyter_modelpack.engine.select import choose
from jupyter_modelpack.errors import NotFound, UsageError
from jupyter_modelpack.events import Reporter
from tests.engine import tiny


def test_without_a_container_engine_there_is_nothing_to_remove():
    with pytest.raises(UsageError, match="no images"):
        remove(Reporter(), image="x:1", engine="process")
    with pytest.raises(UsageError, match="needs the name"):
        remove(Reporter(), engine="process")


@pytest.mark.engine
def test_a_name_goes_and_the_others_stay(docker_host, base_image, tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    engine = choose("docker")
    made = tiny.image(base_image, tmp_path / "store")
    engine.images.load(made, ["modelpack-tests/remove:1", "modelpack-tests/remove:2"], Reporter())
    assert remove(Reporter(), image="modelpack-tests/remove:1", engine="docker").engine == "docker"
    names = {f"{row.repository}:{row.tag}" for row in engine.images.rows()}
    assert "modelpack-tests/remove:2" in names
    assert "modelpack-tests/remove:1" not in names
    with pytest.raises(NotFound):
        remove(Reporter(), image="modelpack-tests/remove:1", engine="docker")
    remove(Reporter(), image="modelpack-tests/remove:2", engine="docker")
