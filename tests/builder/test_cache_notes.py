"""What the machine's cache remembers goes with the layers that it is about, by `modelpack gc`."""

import json
import os
import time
from pathlib import Path

import pytest

from jupyter_modelpack.builder import cache_notes
from jupyter_modelpack.builder.cache_notes import collect_notes
from jupyter_modelpack.builder.lock import local_projects
from jupyter_modelpack.builder.lock.pylock import Lock
from jupyter_modelpack.builder.lock.resolve import make_lock
from jupyter_modelpack.builder.target import BuildTarget
from jupyter_modelpack.builder.top_level_modules import provided
from jupyter_modelpack.builder.wheels.bytecode import find_compiler
from jupyter_modelpack.builder.wheels.layer_cache import wheel_layers
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.manifest import LAYER, Platform
from jupyter_modelpack.store import failpoints
from jupyter_modelpack.store.layout import Layout
from tests.builder.small_wheels import wheel
from tests.commands.packages import printed
from tests.registry.samples import layer, put_image

TARGET = BuildTarget("3.11", Platform("linux", "amd64"), find_compiler("3.11"))
DAY = 24 * 60 * 60


@pytest.fixture
def lock(tmp_path: Path) -> Lock:
    house = tmp_path / "house"
    wheel(house, "a", {"ns/__init__.py": b"1\n"})
    wheel(house, "b", {"ns/__init__.py": b"2\n"})
    return make_lock(["--no-index", f"--find-links {house}", "a", "b"], TARGET, tmp_path / "locks", Reporter())


def notes(cache: Layout) -> dict[str, int]:
    folders = ("wheels", "contents", "collisions", "modules", "libraries", "pythons", "projects")
    return {name: len(found) for name in folders if (found := list((cache.path / name).glob("*")))}


def freed(*words: str) -> dict[str, int]:
    return {row["where"]: row["blobs"] for row in printed("gc", *words)["rows"]}


def test_a_note_goes_with_its_layers(lock, machine_cache):
    with machine_cache.work():  # what this process relies on stays until it is done
        [made] = wheel_layers(lock, TARGET, machine_cache, Reporter())
        provided(made.descriptor, machine_cache, machine_cache)
    assert notes(machine_cache) == {"wheels": 3, "contents": 2, "collisions": 1, "modules": 1}
    assert freed() == {"workspace": 0, "cache": 0}, "all of them serve"
    past = time.time() - 2 * DAY
    for path in (machine_cache.path / "wheels").iterdir():
        os.utime(path, (past, past))
    assert freed("--older-than", "1", "--dry-run") == {"workspace": 0, "cache": 3, "notes": 7}
    assert freed("--older-than", "1") == {"workspace": 0, "cache": 3, "notes": 7}
    assert notes(machine_cache) == {}
    assert wheel_layers(lock, TARGET, machine_cache, Reporter())[0].descriptor == made.descriptor


def test_notes_of_before_and_of_base_images_that_are_gone(machine_cache):
    there, gone = put_image(machine_cache, "base:1", layer(1, 100)).digest.hex, "ab" * 32
    left = (f"pythons/{there}-3.11", f"libraries/image-{there}-2")
    for name in (
        f"collisions/{gone}-1",
        f"libraries/{gone}-1",
        f"libraries/image-{gone}-2",
        f"pythons/{gone}-3.11",
        *left,
    ):
        (machine_cache.path / name).parent.mkdir(exist_ok=True)
        (machine_cache.path / name).write_text("[]")
    assert freed()["notes"] == 4, "of the first two it cannot be told what they are about"
    assert all((machine_cache.path / name).exists() for name in left)
    assert "notes" not in freed()


def test_a_wheel_of_a_folder_goes_when_no_build_has_made_it_for_so_long(machine_cache):
    past = time.time() - 2 * DAY
    for name, when in (("old", past), ("new", time.time())):
        folder = machine_cache.path / "projects" / name
        folder.mkdir(parents=True)
        (folder / "mine-1.0-py3-none-any.whl").write_bytes(b"wheel")
        os.utime(folder, (when, when))
    assert "notes" not in freed()
    assert freed("--older-than", "0")["notes"] == 1, "a build may be at work on the other"
    assert [path.name for path in (machine_cache.path / "projects").iterdir()] == ["new"]


def old_wheel(cache: Layout, name: str = "old") -> Path:
    folder = cache.path / "projects" / name
    folder.mkdir(parents=True)
    (folder / "mine-1.0-py3-none-any.whl").write_bytes(b"wheel")
    os.utime(folder, (0, 0))
    return folder


def test_a_dry_run_counts_the_wheel_of_a_folder_whose_layer_would_go(machine_cache):
    part = machine_cache.put_bytes(LAYER, b"of the wheel")
    folder = old_wheel(machine_cache, "ab" * 32)
    note = machine_cache.path / "wheels" / f"{folder.name}-1"
    note.parent.mkdir()
    note.write_text(json.dumps(part.to_json()))
    assert collect_notes(machine_cache, 0, going=()) == (0, 0)
    size = note.stat().st_size + len(b"wheel")
    assert collect_notes(machine_cache, 0, going={part.digest}) == (2, size)
    machine_cache.blob_path(part.digest).unlink()
    assert collect_notes(machine_cache, 0) == (2, size)
    assert not note.exists()
    assert not folder.exists()


def test_a_wheel_that_a_build_has_just_made_stays(machine_cache, monkeypatch):
    folder = old_wheel(machine_cache)

    def remove(path: Path) -> bool:
        path.unlink()
        (folder / "other-1.0-py3-none-any.whl").write_bytes(b"of a build")
        return True

    monkeypatch.setattr(cache_notes, "remove_file", remove)
    assert collect_notes(machine_cache, 0)[0] == 1
    assert [path.name for path in folder.iterdir()] == ["other-1.0-py3-none-any.whl"]


def test_a_build_makes_the_folder_anew_that_a_collector_has_removed(tmp_path, monkeypatch):
    made, folder, point, removed = tmp_path / "a.whl", tmp_path / "digest", failpoints.point, []
    made.write_bytes(b"wheel")

    def collected(where: str) -> None:
        if where == "rename" and not removed:
            folder.rmdir()
            removed.append(folder)
        point(where)

    monkeypatch.setattr(failpoints, "point", collected)
    assert local_projects._keep(made, folder).read_bytes() == b"wheel"
    assert removed == [folder]
