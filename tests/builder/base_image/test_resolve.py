import base64
import gzip
import io
import json
import shutil
import tarfile
from pathlib import Path

import pytest

from jupyter_modelpack.builder.base_image.debian import make_base
from jupyter_modelpack.builder.base_image.resolve import resolve_base
from jupyter_modelpack.errors import Denied, Unavailable, Untrusted, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.archive import write_archive
from jupyter_modelpack.oci.manifest import CONFIG, LAYER_GZIP, MANIFEST, Descriptor, Manifest, Platform, canonical
from jupyter_modelpack.oci.names import Reference
from jupyter_modelpack.redact import Secret
from jupyter_modelpack.registry.client.client import Registry
from jupyter_modelpack.registry.client.credentials import RegistryCredentials
from jupyter_modelpack.registry.client.transfer import push_image
from jupyter_modelpack.store.layout import Layout


def resolve(named, cache, python="3.11"):
    return resolve_base(named, python, Platform(), cache, Reporter())


def test_from_a_layout(base_image, machine_cache):
    base = resolve(str(base_image), machine_cache)
    assert (base.python.version, base.python.interpreter) == ("3.11", "/usr/bin/python3.11")
    assert base.image.digest == Layout(base_image).index().manifests[0].digest


def test_a_layout_of_another_tool_is_only_read(base_image, machine_cache, tmp_path):
    """It may lie where this user cannot write, and is no place for our locks where he can."""
    theirs = tmp_path / "theirs"
    shutil.copytree(base_image, theirs, ignore=shutil.ignore_patterns("*.lock"))
    before = {path: path.stat().st_ctime_ns for path in theirs.rglob("*") if path.is_dir()}
    files = set(theirs.rglob("*"))
    image = resolve(str(theirs), machine_cache).image
    assert machine_cache.has_blob(image.manifest.layers[0].digest)
    assert set(theirs.rglob("*")) == files
    assert {path: path.stat().st_ctime_ns for path in before} == before


def test_from_a_saved_archive_and_from_docker_s_own_form(base_image, machine_cache, tmp_path):
    source = Layout(base_image)
    image = source.image(source.index().manifests[0])
    both = tmp_path / "image.tar"
    with both.open("wb") as out:
        write_archive(image, ["base:1"], out)
    assert resolve(str(both), machine_cache).image.id == image.id
    older = tmp_path / "older.tar"
    with tarfile.open(both) as read, tarfile.open(older, "w") as write:
        for member in read:
            if member.name != "index.json":
                write.addfile(member, read.extractfile(member))
    assert resolve(str(older), machine_cache).image.id == image.id


def test_a_compressed_archive_is_told_how_to_open(tmp_path, machine_cache):
    path = tmp_path / "image.tar.gz"
    path.write_bytes(gzip.compress(b"anything"))
    with pytest.raises(UsageError, match="is compressed"):
        resolve(str(path), machine_cache)


def test_a_file_that_is_no_image(tmp_path, machine_cache):
    path = tmp_path / "notes.txt"
    path.write_text("not an image")
    with pytest.raises(UsageError, match="not the file of a saved image"):
        resolve(str(path), machine_cache)


def test_a_folder_that_is_not_there(machine_cache):
    with pytest.raises(UsageError, match="neither an OCI layout nor the file"):
        resolve("/nowhere/at/all", machine_cache)


def test_an_unreachable_registry_says_what_to_do(machine_cache, monkeypatch):
    monkeypatch.setenv("MODELPACK_ENGINE", "process")
    with pytest.raises(Unavailable) as caught:
        resolve("127.0.0.1:9/library/python:3.11-slim", machine_cache)
    assert "127.0.0.1:9/library/python:3.11-slim cannot be fetched" in caught.value.message
    assert "modelpack base" in caught.value.hint
    assert "MODELPACK_BASE_IMAGE" in caught.value.hint


@pytest.mark.engine
def test_from_a_local_engine(base_image, machine_cache, docker_host, monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    source = Layout(base_image)
    image = source.image(source.index().manifests[0])
    from jupyter_modelpack.engine.select import choose

    choose("docker").images.load(image, ["only-local/base:7"], Reporter())
    assert resolve("only-local/base:7", machine_cache).image.id == image.id
    # Kept: a second time needs no engine.
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    assert resolve("only-local/base:7", machine_cache).image.id == image.id


def test_python_is_found_in_compressed_layers_too(base_image, machine_cache):
    source = Layout(base_image)
    image = source.image(source.index().manifests[0])
    with source.open_blob(image.manifest.layers[0]) as stream:
        packed = gzip.compress(stream.read(), 1)
    layer = machine_cache.put_bytes(LAYER_GZIP, packed)
    config = machine_cache.put_bytes(CONFIG, canonical(dict(image.config())))
    raw = Manifest(config, (layer, *image.manifest.layers[1:])).to_bytes()
    for part in image.manifest.layers[1:]:
        machine_cache.adopt(source, part)
    machine_cache.tag("packed:1", machine_cache.put_bytes(MANIFEST, raw))
    base = resolve(f"{machine_cache.path}:packed:1", machine_cache)
    assert base.python.version == "3.11"


def test_an_image_without_python_is_refused(machine_cache):
    config = machine_cache.put_bytes(CONFIG, canonical({"os": "linux", "rootfs": {"diff_ids": []}}))
    descriptor = machine_cache.put_bytes(MANIFEST, Manifest(config, ()).to_bytes())
    machine_cache.tag("empty:1", Descriptor(MANIFEST, descriptor.digest, descriptor.size))
    with pytest.raises(UsageError, match="has no Python 3"):
        resolve(f"{machine_cache.path}:empty:1", machine_cache)


@pytest.mark.network
def test_modelpack_base_makes_one_that_later_builds_use(machine_cache, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    image = make_base("3.11", Platform(), machine_cache, Reporter())
    base = resolve(None, machine_cache)
    assert base.image.digest == image.digest
    assert base.title == "made/debian-python:3.11-amd64"
    assert json.loads(json.dumps(image.config()))["created"] == "2023-11-14T22:13:20Z"
    with pytest.raises(UsageError, match=r"No Debian release has Python 3\.10"):
        make_base("3.10", Platform(), machine_cache, Reporter())


def test_without_mmdebstrap_it_says_how_to_get_it(machine_cache, monkeypatch):
    monkeypatch.setenv("PATH", str(Path("/nonexistent")))
    with pytest.raises(Unavailable, match="mmdebstrap is not installed"):
        make_base("3.11", Platform(), machine_cache, Reporter())


@pytest.mark.registry
def test_from_a_registry_by_tag_and_by_digest(base_image, machine_cache, cncf_registry, monkeypatch, tmp_path):
    monkeypatch.setenv("MODELPACK_ENGINE", "process")
    source = Layout(base_image)
    image = source.image(source.index().manifests[0])
    account = RegistryCredentials(cncf_registry.username, Secret(cncf_registry.password))
    where = f"{cncf_registry.address}/bases/python"
    push_image(
        image, Reference.parse(f"{where}:3.11"), Reporter(), Registry(cncf_registry.address, credentials=account)
    )
    known = {cncf_registry.address: account}
    base = resolve_base(f"{where}:3.11", "3.11", Platform(), machine_cache, Reporter(), known)
    assert base.image.digest == image.digest
    # A second machine, which names it by digest, with what `docker login` keeps.
    word = base64.b64encode(f"{cncf_registry.username}:{cncf_registry.password}".encode()).decode()
    (tmp_path / ".docker").mkdir(exist_ok=True)
    (tmp_path / ".docker" / "config.json").write_text(json.dumps({"auths": {cncf_registry.address: {"auth": word}}}))
    other = Layout.create(tmp_path / "other")
    assert resolve(f"{where}@{image.digest}", other).image.id == image.id


@pytest.mark.registry
def test_a_wrong_password_for_the_base_is_said_and_not_shown(machine_cache, cncf_registry, monkeypatch):
    monkeypatch.setenv("MODELPACK_ENGINE", "process")
    known = {cncf_registry.address: RegistryCredentials("someone", Secret("open-sesame"))}
    with pytest.raises(Denied) as caught:
        resolve_base(f"{cncf_registry.address}/x:1", "3.11", Platform(), machine_cache, Reporter(), known)
    assert "open-sesame" not in str(caught.value)
    assert cncf_registry.address in caught.value.message


ONE_LAYER = b'[{"Config": "c", "Layers": ["l"]}]'
OF_ZEROS = b'{"rootfs": {"diff_ids": ["sha256:%s"]}}' % (b"0" * 64)


def saved(tmp_path: Path, members: dict[str, bytes]) -> str:
    """Write an archive as `docker save` does, with these members."""
    path = tmp_path / "saved.tar"
    with tarfile.open(path, "w") as out:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            out.addfile(info, io.BytesIO(content))
    return str(path)


@pytest.mark.parametrize(
    ("manifest", "config", "layer"),
    [
        (b"{", b"{}", b""),
        (b"[" * 100_000, b"{}", b""),
        (b'[{"Config": "c", "Layers": 5}]', b'{"rootfs": {"diff_ids": []}}', b""),
        (b'[{"Config": "c", "Layers": []}]', b'{"rootfs": [1]}', b""),
        (
            b'[{"Config": "c", "Layers": ["l"]}]',
            b'{"rootfs": {"diff_ids": ["sha256:%s"]}}' % (b"0" * 64),
            b"\x1f\x8bno",
        ),
        (b'[{"Config": "c", "Layers": ["l"]}]', b'{"rootfs": {"diff_ids": ["sha256:%s"]}}' % (b"0" * 64), b"x" * 700),
    ],
)
def test_a_malformed_archive_is_refused_in_one_sentence(tmp_path, machine_cache, manifest, config, layer):
    path = saved(tmp_path, {"manifest.json": manifest, "c": config, "l": layer})
    with pytest.raises(Untrusted):
        resolve(path, machine_cache)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_layer_that_is_another_than_the_config_names_is_refused(base_image, machine_cache, tmp_path, pack):
    source = Layout(base_image)
    image = source.image(source.index().manifests[0])
    config, *layers = [source.open_blob(part).read() for part in (image.manifest.config, *image.manifest.layers)]
    names = [f"layer{number}" for number in range(len(layers))]
    listed = json.dumps([{"Config": "c", "Layers": names}]).encode()
    members = {"manifest.json": listed, "c": config, **dict(zip(names, map(pack, layers), strict=True))}
    assert resolve(saved(tmp_path, members), machine_cache).image.id == image.id
    other = saved(tmp_path, {**members, names[-1]: pack(layers[-1] + bytes(512))})
    with pytest.raises(Untrusted, match="not the one its config names"):
        resolve(other, machine_cache)


def test_a_bomb_in_a_layer_is_refused_before_it_goes_off(tmp_path, machine_cache):
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as out:
        info = tarfile.TarInfo("zeros")
        info.size = 100 << 20
        out.addfile(info, Zeros())
    layer = gzip.compress(plain.getvalue(), 9)
    assert len(layer) < 140_000
    members = {
        "manifest.json": ONE_LAYER,
        "c": OF_ZEROS,
        "l": layer,
    }
    with pytest.raises(Untrusted, match="unpacks to far more than it is"):
        resolve(saved(tmp_path, members), machine_cache)


class Zeros:
    """As many zeros as asked for."""

    def read(self, size: int) -> bytes:
        return bytes(size)


def test_a_home_that_does_not_exist_is_named(machine_cache, monkeypatch):
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", "~nobody-of-that-name/base")
    with pytest.raises(UsageError, match="names no home folder"):
        resolve_base(None, "3.11", Platform(), machine_cache, Reporter())
