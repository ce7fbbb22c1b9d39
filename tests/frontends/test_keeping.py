"""`modelpack check` and `modelpack gc`, by real processes."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from jupyter_modelpack import Workspace, home
from jupyter_modelpack.store.layout import Layout
from tests.commands import forked
from tests.registry.samples import layer, put_image


def modelpack(*words: str) -> subprocess.CompletedProcess[str]:
    return forked.run(words, None, os.environ)


@pytest.fixture
def store() -> Layout:
    """The default workspace with two images; the cache has the layer of one under a wheel's key."""
    store, cache = Workspace.create("default").store, Layout.create(home.cache())
    put_image(store, "package:1", layer(1, 50_000))
    put_image(store, "package:2", layer(2, 50_000))
    with cache.work():
        kept = cache.put_bytes("text/plain", layer(3, 50_000))
    (cache.path / "wheels").mkdir()
    (cache.path / "wheels" / "key").write_text(json.dumps(kept.to_json()))
    return store


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(data)


def test_a_sound_store(store: Layout) -> None:
    done = modelpack("check")
    assert (done.returncode, done.stdout) == (0, "Workspace default is sound: 7 blobs, 158kB read.\n"), done.stdout


def test_damage_is_named_mended_and_gone(store: Layout) -> None:
    other = Workspace.create("other").store
    shutil.copytree(store.path / "blobs", other.path / "blobs", dirs_exist_ok=True)
    part = store.image(store.names()["package:2"]).manifest.layers[0]
    damage(store.blob_path(part.digest))
    found = modelpack("check", "--json")
    (row,) = json.loads(found.stdout)["rows"]
    assert (found.returncode, row["fault"], row["what"], row["names"]) == (5, "damaged", part.digest, ["package:2"])
    shown = modelpack("check")
    assert "package:2" in shown.stdout
    assert "run check --repair" in shown.stdout
    mended = modelpack("check", "--repair")
    assert (mended.returncode, str(other.path) in mended.stdout) == (0, True), mended.stdout
    assert modelpack("check").returncode == 0


def test_what_is_nowhere_whole_says_what_to_do(store: Layout) -> None:
    damage(store.blob_path(store.image(store.names()["package:1"]).manifest.layers[0].digest))
    done = modelpack("check", "--repair")
    assert done.returncode == 5
    assert "nowhere whole: package again" in done.stdout
    assert "1 of 1 findings remain" in done.stdout


def test_garbage_goes_and_nothing_else(store: Layout) -> None:
    store.untag("package:1")
    would = json.loads(modelpack("gc", "--dry-run", "--json").stdout)
    done = json.loads(modelpack("gc", "--json").stdout)
    assert [row["blobs"] for row in would["rows"]] == [row["blobs"] for row in done["rows"]] == [3, 0]
    assert "0B freed." in modelpack("gc").stdout
    assert modelpack("check").returncode == 0
    assert store.names().keys() == {"package:2"}


def test_layers_that_nobody_uses_leave_the_cache_when_asked(store: Layout) -> None:
    key = home.cache() / "wheels" / "key"
    month_ago = key.stat().st_mtime - 30 * 24 * 60 * 60
    os.utime(key, (month_ago, month_ago))
    assert json.loads(modelpack("gc", "--older-than", "31", "--json").stdout)["rows"][1]["blobs"] == 0
    assert json.loads(modelpack("gc", "--older-than", "29", "--json").stdout)["rows"][1]["blobs"] == 1
    assert modelpack("gc", "--older-than", "-1").returncode == 2
