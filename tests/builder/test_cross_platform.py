"""An image for another kind of machine, out of wheels, with nothing emulated."""

import dataclasses
import json
import struct
import subprocess

import pytest

from jupyter_modelpack.builder.build import build
from jupyter_modelpack.errors import BuildFailed
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.image_contract import LAYER_KIND
from jupyter_modelpack.oci.layer import read_layer
from jupyter_modelpack.oci.manifest import CONFIG, MANIFEST, Manifest, Platform, canonical
from jupyter_modelpack.store.layout import Layout
from tests.services.packages import find, need

pytestmark = pytest.mark.network

ARM = Platform("linux", "arm64")
AARCH64 = 183
"""The machine in the header of an ELF file (ELF specification, e_machine)."""


@pytest.fixture
def arm_base(base_image, tmp_path) -> str:
    """A base image that says it is for arm64: what a build reads of it is its names and its config."""
    source, layout = Layout(base_image), Layout.create(tmp_path / "arm")
    image = source.image(source.index().manifests[0])
    layout.adopt_image(image, source)
    config = layout.put_bytes(CONFIG, canonical({**image.config(), "architecture": "arm64"}))
    manifest = layout.put_bytes(MANIFEST, Manifest(config, image.manifest.layers).to_bytes())
    layout.tag("python:arm", manifest)
    return str(layout.path)


@pytest.fixture
def arm_recipe(recipe, arm_base, monkeypatch):
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", arm_base)
    return lambda *requirements: dataclasses.replace(recipe(*requirements), platform=ARM)


def test_an_arm_image_holds_arm_code(arm_recipe, store):
    built = build(arm_recipe("markupsafe==3.0.3"), store, Reporter())
    store.tag("package:arm", built.image.descriptor)
    need("skopeo")
    said = subprocess.check_output([find("skopeo") or "skopeo", "inspect", f"oci:{store.path}:package:arm"])
    assert json.loads(said)["Architecture"] == "arm64"
    machines = set()
    for layer in built.image.manifest.layers:
        if layer.annotations.get(LAYER_KIND) == "dependencies":
            with store.open_blob(layer) as stream:
                for entry, content in read_layer(stream):
                    if entry.path.endswith(".so"):
                        machines.add(struct.unpack("<H", content.read(20)[18:])[0])
    assert machines == {AARCH64}


def test_both_platforms_share_what_is_pure(arm_recipe, recipe, base_image, store, monkeypatch):
    arm = build(arm_recipe("tqdm==4.67.1"), store, Reporter())
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    amd = build(recipe("tqdm==4.67.1"), store, Reporter())
    assert arm.image.digest != amd.image.digest
    kept = [note.title for note in amd.layers if note.reused]
    assert {"environment", "scoring server"} <= set(kept)


def test_a_missing_wheel_is_named(arm_recipe, store):
    with pytest.raises(BuildFailed) as caught:
        build(arm_recipe("intel-openmp==2024.2.1"), store, Reporter())
    assert "intel-openmp" in caught.value.message
    assert "aarch64" in caught.value.message or "linux/arm64" in caught.value.message
