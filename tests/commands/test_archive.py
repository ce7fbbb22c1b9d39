"""save and load: one file that docker, podman, skopeo and another workspace take."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import replace
from email.parser import BytesHeaderParser
from pathlib import Path

import pytest

from jupyter_modelpack import Model
from jupyter_modelpack.api.package import ModelPackage
from jupyter_modelpack.api.workspace import Workspace
from jupyter_modelpack.builder.sbom import _files
from jupyter_modelpack.builder.sbom_facts import _licences, hashes
from jupyter_modelpack.catalog import package_record
from jupyter_modelpack.catalog.package_record import PackageFacts
from jupyter_modelpack.errors import Untrusted, UsageError
from jupyter_modelpack.image_contract import LABEL, LAYER_KIND, MODELS_LABEL
from jupyter_modelpack.oci.archive import write_archive
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.layer import read_layer
from jupyter_modelpack.oci.manifest import CONFIG, CREATED, MANIFEST, REF_NAME, canonical
from tests.commands.archives import output, repack
from tests.commands.packages import LOCK, modelpack, printed, put_package
from tests.registry.samples import sample
from tests.services import podman as service


@pytest.fixture
def package() -> ModelPackage:
    return put_package(Workspace.default())


@pytest.fixture
def saved(package, tmp_path) -> Path:
    """The file that `modelpack save` writes, without a process of its own for each test."""
    package.save_archive(tmp_path / "adder.tar")
    return tmp_path / "adder.tar"


@pytest.fixture
def elsewhere(tmp_path) -> dict[str, str]:
    """Another machine."""
    return {"MODELPACK_HOME": str(tmp_path / "elsewhere")}


def test_docker_loads_it(saved, package, docker_host):
    try:
        said = output("docker", "load", "--input", str(saved), DOCKER_HOST=docker_host)
        assert said == "Loaded image: adder:1\n"
        shown = output("docker", "image", "inspect", "--format", "{{.Id}}", "adder:1", DOCKER_HOST=docker_host)
        assert shown.strip() == package.image_id
    finally:
        subprocess.run(
            ["docker", "image", "rm", "-f", "adder:1"],
            env={**os.environ, "DOCKER_HOST": docker_host}, capture_output=True, check=False,
        )  # fmt: skip


@pytest.mark.engine
def test_podman_loads_it(saved, package):
    service.up()  # installs it
    with tempfile.TemporaryDirectory(prefix="mpk-") as short:  # podman wants paths of 50 characters at most
        podman = ["podman", "--root", f"{short}/root", "--runroot", f"{short}/run", "--storage-driver", "vfs"]
        assert "adder:1" in output(*podman, "load", "--input", str(saved))
        assert output(*podman, "image", "inspect", "--format", "{{.Id}}", "adder:1").strip() == package.image_id.hex


@pytest.mark.engine
def test_podman_keeps_the_health_check_of_the_docker_form(tmp_path):
    """As the manual says: of an OCI image, which it makes of the file by itself, it drops that."""
    service.up()  # installs it
    package = put_package(Workspace.default(), health=["CMD", "/nothing"])
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text("{}")  # it wants one where DOCKER_CONFIG is set
    package.save_archive(tmp_path / "healthy.tar")
    with tempfile.TemporaryDirectory(prefix="mpk-") as short:
        podman = ["podman", "--root", f"{short}/root", "--runroot", f"{short}/run", "--storage-driver", "vfs"]
        output(*podman, "pull", f"docker-archive:{tmp_path / 'healthy.tar'}")
        shown = output(*podman, "image", "inspect", "--format", "{{.HealthCheck.Test}}", "adder:1")
        assert shown.strip() == "[CMD /nothing]"


def test_skopeo_copies_it(saved, package, tmp_path):
    # Nothing has to be named: there is one image in the file.
    assert json.loads(output("skopeo", "inspect", f"oci-archive:{saved}"))["Digest"] == package.digest
    for kind in ("oci-archive", "docker-archive"):
        output("skopeo", "copy", "--quiet", f"{kind}:{saved}:adder:1", f"oci:{tmp_path / kind}:adder")
        config = json.loads(output("skopeo", "inspect", "--config", f"oci:{tmp_path / kind}:adder"))
        assert config["rootfs"]["diff_ids"] == package.image.diff_ids()


def test_another_workspace_takes_all_of_it(saved, package, elsewhere):
    found = printed("load", str(saved), **elsewhere)
    assert (found["digest"], found["models"]) == (package.digest, ["diabetes:1"])
    there = Workspace(path=Path(elsewhere["MODELPACK_HOME"]) / "workspaces/default")
    [loaded] = there.packages
    assert loaded.location == f"{there.endpoint().address}/adder:1"
    assert (loaded.digest, loaded.created_time, loaded.layers) == (package.digest, package.created_time, package.layers)
    assert loaded.lock == package.lock == LOCK
    shown = modelpack("packages", **elsewhere).stdout
    assert "/adder:1" in shown
    assert "diabetes:1" in shown
    # Again is no error, and no second one.
    assert printed("load", str(saved), **elsewhere)["digest"] == package.digest
    assert len(there.packages) == 1


def test_from_a_notebook(package, tmp_path, capsys):
    assert package.save_archive(tmp_path / "a.tar") == ("pylock.toml", "sbom.cdx.json")
    other = Workspace.create("other")
    loaded = ModelPackage.load(other, tmp_path / "a.tar", tag="from-afar")
    assert loaded.location == f"{other.endpoint().address}/adder:from-afar"
    assert loaded.digest == package.digest
    assert loaded.package_build_log_uri is None
    assert capsys.readouterr() == ("", "")


def test_the_same_package_gives_the_same_file(saved, tmp_path):
    done = modelpack("save", "adder:1", "again.tar", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Wrote adder:1 with pylock.toml and sbom.cdx.json to again.tar\n")
    assert (tmp_path / "again.tar").read_bytes() == saved.read_bytes()


def test_lock_and_bill_of_materials_are_plain_files(saved, package):
    with tarfile.open(saved) as tar:
        assert tar.extractfile("pylock.toml").read().decode() == LOCK
        bill = json.load(tar.extractfile("sbom.cdx.json"))
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.5", 1)
    assert bill["metadata"]["timestamp"] == "2026-01-02T03:04:05Z"
    assert bill["metadata"]["component"]["version"] == package.digest
    base, model, wheel, server = bill["components"]
    assert (base["type"], base["hashes"][0]["content"]) == ("container", package.image.manifest.layers[0].digest.hex)
    assert (model["type"], model["name"], model["version"]) == ("machine-learning-model", "diabetes", "1")
    assert model["properties"] == [{"name": LAYER_KIND, "value": package.image.manifest.layers[1].digest}]
    assert (wheel["name"], wheel["purl"]) == ("Typing_Extensions", "pkg:pypi/typing-extensions@4.12.2")
    assert wheel["hashes"] == [{"alg": "SHA-256", "content": "ab" * 32}]
    assert wheel["licenses"] == [{"expression": "PSF-2.0"}]
    with package.image.blobs.open_blob(package.image.manifest.layers[1]) as stream:
        files = [Digest.of_stream(content).hex for _, content in read_layer(stream) if content is not None]
    assert model["hashes"] == [{"alg": "SHA-256", "content": file} for file in files]
    assert server["name"] == "modelpack-scoring"
    refs = [one["bom-ref"] for one in bill["components"]]
    assert sorted(refs) == sorted(set(refs)) == bill["dependencies"][0]["dependsOn"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("License-Expression: MIT OR Apache-2.0\nLicense: x", [{"expression": "MIT OR Apache-2.0"}]),
        ("License: BSD 3-Clause", [{"license": {"name": "BSD 3-Clause"}}]),
        (
            "License: UNKNOWN\nClassifier: License :: OSI Approved :: MIT License",
            [{"license": {"name": "MIT License"}}],
        ),
        ("License: Copyright\n        all of it\nClassifier: Typing :: Typed", []),
        ("Summary: nothing", []),
    ],
)
def test_a_licence_is_what_the_package_says(words, found):
    assert _licences(BytesHeaderParser().parsebytes(words.encode())) == found


def test_the_files_of_a_model_are_named_with_their_hashes(tmp_path):
    folder = tmp_path / "m"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.bin").write_bytes(b"a")
    (folder / "deep" / "b.bin").write_bytes(b"b")
    ws = Workspace.default()
    model = Model.register(ws, folder, "m")
    made = put_package(ws)
    found = hashes(made.image, model.part().layer)
    assert found == [("m/a.bin", hashlib.sha256(b"a").hexdigest()), ("m/deep/b.bin", hashlib.sha256(b"b").hexdigest())]
    parts = _files(found, "m:1")["components"]
    assert [part["name"] for part in parts] == ["m/a.bin", "m/deep/b.bin"]


def test_what_docker_has_saved_comes_back(saved, package, docker_host, tmp_path, elsewhere):
    host = {"DOCKER_HOST": docker_host}
    output("docker", "load", "--input", str(saved), **host)
    try:
        output("docker", "save", "--output", str(tmp_path / "docker.tar"), "adder:1", **host)
    finally:
        output("docker", "image", "rm", "adder:1", **host)
    found = printed("load", str(tmp_path / "docker.tar"), **elsewhere)
    assert found["reference"].endswith("/adder:1")
    there = Workspace(path=Path(elsewhere["MODELPACK_HOME"]) / "workspaces/default")
    assert there.packages[0].image_id == package.image_id
    assert (there.packages[0].models, there.packages[0].lock) == (("diabetes:1",), LOCK)


def test_another_package_of_that_name_is_not_replaced(saved, elsewhere, tmp_path):
    there = Workspace.create("there", path=tmp_path / "there")
    mine = put_package(there, size=1000)
    done = modelpack("load", str(saved), "--workspace", str(there.path))
    assert done.returncode == 4
    assert "holds another package adder:1" in done.stderr
    assert "--tag" in done.stderr
    assert [package.digest for package in there.packages] == [mine.digest]
    assert modelpack("load", str(saved), "--tag", "theirs", "--workspace", str(there.path)).returncode == 0
    assert len(there.packages) == 2


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["save", "adder:1"], 2, "is an image, no Dockerfile.\nName the file to write it to: save PACKAGE FILE."),
        (["save", "adder:1", "."], 2, ". is a folder.\nName a file:"),
        (["save", "adder:1", "nowhere/a.tar"], 3, "There is no folder nowhere.\nMake it first"),
        (["save", "adder:1", "text.tar/a.tar"], 3, "There is no folder text.tar.\nMake it first"),
        (["save", "recipe:1", "a.tar"], 2, "is a Dockerfile with its files, no image."),
        (["save", "nosuch", "a.tar"], 3, "holds no package 'nosuch'"),
        (["load"], 2, "load needs a file."),
        (["load", "nosuch.tar"], 3, "There is no file nosuch.tar."),
        (["load", "text.tar"], 2, "text.tar is not the file of a saved image"),
        (["load", "adder.tar", "--tag", "-x y"], 2, "is not a tag"),
    ],
)
def test_a_users_mistake_is_a_line(saved, package, tmp_path, words, code, said):
    package_record.write(
        package.workspace.store, "recipe", "1", package.image.descriptor, PackageFacts(dockerfile=True)
    )
    (tmp_path / "text.tar").write_text("no tar" * 200)
    done = modelpack(*words, cwd=tmp_path)
    assert said in done.stderr
    assert (done.returncode, done.stdout) == (code, "")


def test_a_stranger_is_no_package(tmp_path):
    with (tmp_path / "busybox.tar").open("wb") as out:
        write_archive(sample(tmp_path / "layout")[1], ["busybox:1"], out)
    done = modelpack("load", "busybox.tar", cwd=tmp_path)
    assert done.returncode == 2
    assert "was not packaged by modelpack.\nTo build on it, name it as the base: --base busybox.tar." in done.stderr
    assert Workspace.default().packages == []


def test_a_changed_byte_is_found(saved, package, tmp_path):
    layer = f"blobs/sha256/{package.image.manifest.layers[1].digest.hex}"
    bad = repack(saved, tmp_path / "bad.tar", lambda name, data: data[:-1] + b"x" if name == layer else data)
    with pytest.raises(Untrusted, match="announced"):
        ModelPackage.load(Workspace.create("there"), bad)
    assert Workspace.get("there").packages == []
    done = modelpack("load", str(bad), "--workspace", "there")
    assert done.returncode == 5


@pytest.mark.parametrize("cut", [0, 600, 5000, -1_000_000])
def test_half_a_file_is_found(saved, tmp_path, cut):
    data = saved.read_bytes()
    (tmp_path / "half.tar").write_bytes(data[:cut])
    done = modelpack("load", "half.tar", "--workspace", str(tmp_path / "there"), cwd=tmp_path)
    assert done.returncode in {2, 3, 5}, done.stderr
    assert "bug" not in done.stderr


LIES = {
    "its name": (REF_NAME, "models/diabetes:1"),
    "no name": (REF_NAME, "../../etc"),
    "facts that are none": (f"{LABEL}.package", "[1"),
    "facts of another kind": (f"{LABEL}.package", '{"layers": [[1, "sha256:x", "big", 3]], "models": 7}'),
    "facts without end": (f"{LABEL}.package", "[" * 100_000),
    "a time that is none": (CREATED, "yesterday"),
    "a time without a zone": (CREATED, "2026-01-02T03:04:05"),
    "a time before all others": (CREATED, "0001-01-01T00:00:00+14:00"),
}


@pytest.mark.parametrize("lie", LIES, ids=str)
def test_what_the_file_says_of_it_is_not_believed(saved, package, tmp_path, lie):
    key, value = LIES[lie]

    def change(name: str, data: bytes) -> bytes:
        if name != "index.json":
            return data
        index = json.loads(data)
        index["manifests"][0]["annotations"][key] = value
        return json.dumps(index).encode()

    there = Workspace.create("there")
    loaded = ModelPackage.load(there, repack(saved, tmp_path / "lie.tar", change))
    assert loaded.digest == package.digest
    assert loaded.models == ("diabetes:1",)
    assert loaded.record.name == "adder:1"
    assert modelpack("packages", "-w", "there").returncode == 0
    assert there.models == {}


@pytest.mark.parametrize("settings", [[1], {"Labels": [MODELS_LABEL]}, {"Labels": {MODELS_LABEL: 5}}], ids=str)
def test_labels_that_are_none_are_no_packages(package, tmp_path, settings):
    config = canonical({**package.image.config(), "config": settings})
    manifest = replace(package.image.manifest, config=package.workspace.store.put_bytes(CONFIG, config))
    strange = package.workspace.store.image(package.workspace.store.put_bytes(MANIFEST, manifest.to_bytes()))
    with (tmp_path / "strange.tar").open("wb") as out:
        write_archive(strange, ["adder:1"], out)
    with pytest.raises(UsageError, match="was not packaged by modelpack"):
        ModelPackage.load(Workspace.create("there"), tmp_path / "strange.tar")


def test_a_file_that_is_there_stays_until_the_new_one_is_complete(saved, package, tmp_path):
    old = saved.read_bytes()
    part = package.image.manifest.layers[1]
    path = package.workspace.store.blob_path(part.digest)
    data = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(data[:-1] + b"x")
    done = modelpack("save", "adder:1", str(saved))
    assert done.returncode == 5
    assert saved.read_bytes() == old
    assert sorted(entry.name for entry in tmp_path.iterdir() if "tmp" in entry.name) == []


def test_ctrl_c_leaves_no_file(tmp_path):
    put_package(Workspace.default(), size=200_000_000)
    program = Path(sys.executable).with_name("modelpack")
    working = subprocess.Popen([program, "save", "adder:1", "big.tar"], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    while not list(tmp_path.glob(".tmp-*")) and working.poll() is None:
        time.sleep(0.001)
    working.send_signal(signal.SIGINT)
    _, said = working.communicate(timeout=30)
    assert (working.returncode, "Cancelled" in said) == (130, True)
    assert not (tmp_path / "big.tar").exists()
    assert not list(tmp_path.glob(".tmp-*"))
