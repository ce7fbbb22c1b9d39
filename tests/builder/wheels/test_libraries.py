"""What packages lack is known before their image is made, and nothing is said of what they may never load."""

import ctypes.util
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_modelpack.api.environment_spec import needs_of
from jupyter_modelpack.builder.base_image.apt import apt_base
from jupyter_modelpack.builder.base_image.resolve import BaseImage, resolve_base
from jupyter_modelpack.builder.base_image.via_engine import apt_step
from jupyter_modelpack.builder.lock.resolve import make_lock
from jupyter_modelpack.builder.recipe import Needs
from jupyter_modelpack.builder.target import BuildTarget
from jupyter_modelpack.builder.wheels.bytecode import find_compiler
from jupyter_modelpack.builder.wheels.elf import read_elf
from jupyter_modelpack.builder.wheels.layer_cache import known_parts, wheel_layers
from jupyter_modelpack.builder.wheels.libraries import Missing, missing_libraries
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.layer import LayerWriter
from jupyter_modelpack.oci.manifest import CONFIG, LAYER, MANIFEST, Manifest, Platform, canonical
from jupyter_modelpack.store.layout import Layout
from tests.builder.small_wheels import shared_object, wheel
from tests.commands.packages import modelpack, printed

TARGET = BuildTarget("3.11", Platform("linux", "amd64"), find_compiler("3.11"))
FOLDER = "usr/lib/x86_64-linux-gnu"
LACKS_GOMP = shared_object("libgomp.so.1", "libc.so.6", name="lib_native.so")
LOADS = shared_object("libc.so.6", "libm.so.6")


@pytest.fixture
def slim(base_image: Path, tmp_path: Path) -> Path:
    """A base image without libgomp, as the official slim ones are."""
    source, slim = Layout(base_image), Layout.create(tmp_path / "slim")
    ((name, descriptor),) = source.names().items()
    image = source.image(descriptor)
    slim.adopt_image(image, source)
    with slim.new_blob() as blob:
        layer = LayerWriter(blob)
        for gone in ("libgomp.so.1", "libgomp.so.1.0.0"):
            layer.file(f"{FOLDER}/.wh.{gone}", b"")
        layer.close()
        above = blob.commit(LAYER)
    config = {**image.config(), "rootfs": {"type": "layers", "diff_ids": [*image.diff_ids(), above.digest]}}
    config["history"] = [*config["history"], {"created_by": "rm"}]
    manifest = Manifest(slim.put_bytes(CONFIG, canonical(config)), (*image.manifest.layers, above))
    slim.tag(name, slim.put_bytes(MANIFEST, manifest.to_bytes()))
    return tmp_path / "slim"


@pytest.fixture
def base(slim: Path, machine_cache: Layout) -> BaseImage:
    return resolve_base(str(slim), "3.11", TARGET.platform, machine_cache, Reporter())


@pytest.fixture
def lacking(base: BaseImage, tmp_path: Path, machine_cache: Layout) -> Callable[..., list[Missing]]:
    def find(**wheels: dict[str, bytes]) -> list[Missing]:
        for name, files in wheels.items():
            wheel(tmp_path / "index", name, files)
        lines = ["--no-index", f"--find-links {tmp_path / 'index'}", *wheels]
        lock = make_lock(lines, TARGET, tmp_path / "locks", Reporter())
        wheel_layers(lock, TARGET, machine_cache, Reporter())
        return list(missing_libraries(known_parts(lock, TARGET, machine_cache), base, machine_cache))

    return find


def test_a_shared_object_says_what_it_needs():
    one = read_elf(memoryview(shared_object("liba.so.1", "libb.so", name="libc.so.9", search="$ORIGIN/../x.libs:/y")))
    assert (one.name, one.needs, one.search) == ("libc.so.9", ("liba.so.1", "libb.so"), ("$ORIGIN/../x.libs", "/y"))
    real = Path("/usr", "lib", "x86_64-linux-gnu", ctypes.util.find_library("stdc++") or "")
    found = read_elf(memoryview(real.read_bytes()))
    assert found.name == "libstdc++.so.6"
    assert {"libc.so.6", "libm.so.6"} <= set(found.needs)


def test_a_damaged_object_is_none():
    whole = shared_object("liba.so.1", name="libc.so.9")
    for cut in range(4, len(whole) - 40):  # before its last needed entry
        assert read_elf(memoryview(whole[:cut])) is None
        assert read_elf(memoryview(whole[:cut] + bytes([255]) * (len(whole) - cut))) is None


def test_what_an_object_needs_by_way_of_another_is_missing_too(lacking):
    files = {"one/_ext.so": shared_object("libown.so.1"), "one.libs/libown.so.1": LACKS_GOMP}
    assert lacking(one=files) == [Missing("one 1.0", ("libgomp.so.1",))]


def test_what_a_deeper_plugin_lacks_beside_is_not_told(lacking):
    files = {"one/_ext.so": LACKS_GOMP, "one/plugins/gui.so": shared_object("libgomp.so.1", "libxcb.so.1")}
    assert lacking(one=files) == [Missing("one 1.0", ("libgomp.so.1",))]


@pytest.mark.parametrize(
    "wheels",
    [
        {"one": {"one/_ext.so": LOADS, "one/omp_pool.so": LACKS_GOMP}},
        {"one": {"one/_ext.so": shared_object("libgomp.so.1"), "one.libs/libgomp.so.1": LOADS}},
        {
            "one": {"one/_ext.so": shared_object("libthing.so.4")},
            "two": {"two/lib/x.so": shared_object(name="libthing.so.4")},
        },
        {"one": {"one/_ext.so": shared_object("libcuda.so.1", "libcublas.so.12", "libnvidia-ml.so.1")}},
        {"one": {"one/_ext.so": shared_object("libpython3.11.so.1.0", "libstdc++.so.6", "ld-linux-x86-64.so.2")}},
        {"one": {"one/_ext.so": b"\x7fELF\x01\x01 for a small processor"}},
    ],
    ids=["one of several", "brought", "another package's", "drivers", "interpreter", "32 bits"],
)
def test_nothing_is_said_of_what_can_be_loaded_or_need_not_be(lacking, wheels):
    assert lacking(**wheels) == []


def test_a_base_image_whose_libraries_have_other_names_is_left_alone(lacking, base, monkeypatch):
    monkeypatch.setattr(
        "jupyter_modelpack.builder.wheels.libraries._libraries", lambda *_given: frozenset({"libc.musl.so.1"})
    )
    assert lacking(one={"one/_ext.so": LACKS_GOMP}) == []


# --- as a shell types it ---


@pytest.fixture
def here(slim: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    wheel(tmp_path / "index", "native", {"native/lib/lib_native.so": LACKS_GOMP, "native/__init__.py": b""})
    wheel(tmp_path / "index", "above", {"above.py": b""}, needs=("native",))
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "score.py").write_text("def init(): ...\ndef run(data):\n    return data\n")
    (folder / "requirements.txt").write_text(f"--find-links {tmp_path / 'index'}\nabove\n")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(slim))
    return folder


SAID = "native 1.0 cannot be loaded: neither the packages nor the base image have libgomp.so.1"


@pytest.mark.network
def test_a_package_that_was_asked_for_and_cannot_be_loaded_ends_the_build(here):
    done = modelpack("package", "score.py", "-r", "requirements.txt", "--pip", "native")
    assert done.returncode != 0
    assert f"modelpack: {SAID}.\nDebian has it in libgomp1: name a base image that holds it (--base)." in done.stderr
    known = modelpack("package", "score.py", "-r", "requirements.txt", "--pip", "native", "-e", "LD_LIBRARY_PATH=/x")
    assert known.returncode == 0, known.stderr
    assert f"Warning: {SAID}." in known.stderr


@pytest.mark.network
def test_one_that_another_required_is_warned_of_each_time(here):
    words = ["score.py", "-r", "requirements.txt"]
    for _ in range(2):
        done = modelpack("package", *words)
        assert done.returncode == 0, done.stderr
        assert f"Warning: {SAID}." in done.stderr
    assert printed("plan", *words)["remarks"] == [SAID]


# --- Debian packages ---


def test_a_base_image_from_elsewhere_gets_them_from_an_engine(slim, machine_cache):
    needs = Needs("3.11", base=str(slim), apt=("libgl1",))
    assert needs.base_work == "Debian packages (libgl1)"
    assert apt_base(needs, TARGET.platform, machine_cache, Reporter()) is None
    assert apt_step(("libgomp1", "libgl1")).endswith('"apt", "libgl1", "libgomp1"]')


def test_a_base_image_made_here_is_made_with_them(machine_cache, monkeypatch, base_image):
    ((_, made),) = Layout(base_image).names().items()
    machine_cache.adopt_image(Layout(base_image).image(made), Layout(base_image))
    machine_cache.tag("made/debian-python:3.11-amd64", replace(made, annotations={}))
    asked: list[list[str]] = []
    monkeypatch.setattr(
        "jupyter_modelpack.builder.base_image.debian.run_tool", lambda argv, *_, **__: asked.append(argv)
    )
    monkeypatch.setattr("shutil.which", lambda name: name)
    with pytest.raises(FileNotFoundError):  # the tool has written nothing
        apt_base(Needs("3.11", apt=("libgl1",)), TARGET.platform, machine_cache, Reporter())
    assert any(word.startswith("--include=python3,") and word.endswith(",libgl1") for word in asked[0])


@pytest.mark.parametrize("name", ["-o=Dir=x", "libgl1 libglib2.0-0", "LIBGL1", "a;b", "x", ""])
def test_what_is_no_name_of_a_package_is_refused(name):
    with pytest.raises(UsageError, match="is no name of a Debian package"):
        needs_of(None, apt=(name,))
