"""A push to a registry that breaks off, or keeps something else."""

from pathlib import Path

import pytest

from jupyter_modelpack.errors import Cancelled, Untrusted
from jupyter_modelpack.events import Progress, Reporter
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.names import Reference
from jupyter_modelpack.registry.client.transfer import push_image
from tests.registry.evil import Asked, Say, evil
from tests.registry.samples import sample
from tests.registry.victim import ZERO, registry


def test_a_registry_that_keeps_another_manifest(tmp_path: Path):
    _layout, image = sample(tmp_path / "layout")

    def lie(asked: Asked) -> Say | None:
        put = asked.method == "PUT" and "/manifests/" in asked.path
        return Say(201, headers={"Docker-Content-Digest": ZERO}) if put else None

    with evil(lie) as server, pytest.raises(Untrusted, match=ZERO):
        push_image(image, Reference.parse(f"{server.address}/thing:1"), Reporter(), registry(server))


@pytest.mark.parametrize(
    "say", [Say(503), Say(429, headers={"Retry-After": "0"}), Say(200, b"", length=9, then="reset")]
)
def test_a_broken_upload_is_begun_anew(tmp_path: Path, say):
    _layout, image = sample(tmp_path / "layout")
    failed = set()

    def lie(asked: Asked) -> Say | None:
        if asked.method == "PUT" and asked.path not in failed:
            failed.add(asked.path)
            return say
        return None

    events: list[Progress] = []
    with evil(lie) as server:
        push_image(image, Reference.parse(f"{server.address}/thing:1"), Reporter(events.append), registry(server))
        sent = [Digest.of(one.body) for one in server.asked if one.method == "PUT"]
    parts = [image.manifest.config.digest, *(part.digest for part in image.manifest.layers), image.digest]
    assert sorted(sent) == sorted(parts * 2)
    done = [event.done for event in events]
    assert done == sorted(done)
    assert done[-1] == events[-1].total


def test_an_upload_that_arrived_without_an_answer_is_not_repeated(tmp_path: Path):
    _layout, image = sample(tmp_path / "layout")
    kept: set[str] = set()

    def lie(asked: Asked) -> Say | None:
        if asked.method == "PUT" and "/uploads/" in asked.path:
            kept.add(Digest.of(asked.body))
            return Say(0, then="reset")
        return Say(200) if asked.method == "HEAD" and asked.path.rpartition("/")[2] in kept else None

    with evil(lie) as server:
        push_image(image, Reference.parse(f"{server.address}/thing:1"), Reporter(), registry(server))
        uploads = [one for one in server.asked if one.method == "PUT" and "/uploads/" in one.path]
    assert len(uploads) == 1 + len(image.manifest.layers)


def test_cancel_ends_an_upload(tmp_path: Path):
    _layout, image = sample(tmp_path / "layout")
    report = Reporter(lambda _event: report.cancel())
    with evil(lambda _asked: None) as server:
        with pytest.raises(Cancelled):
            push_image(image, Reference.parse(f"{server.address}/thing:1"), report, registry(server))
        assert [one for one in server.asked if "/manifests/" in one.path] == []
