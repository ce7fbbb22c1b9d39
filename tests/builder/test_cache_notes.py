"""What the machine's cache remembers goes with the layers that it is about, by `modelpack gc`."""

import os
import time
from pathlib import Path

import pytest

from jupyter_modelpack.builder.lock.pylock import Lock
from jupyter_modelpack.builder.lock.resolve import make_lock
from jupyter_modelpack.builder.target import BuildTarget
from jupyter_modelpack.builder.top_level_modules import provided
from jupyter_modelpack.builder.wheels.bytecode import find_compiler
from jupyter_modelpack.builder.wheels.layer_cache import wheel_layers
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.manifest import Platform
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
    assert freed("--older-than", "1", "--dry-run")["cache"] == 3
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
