"""Archives: what we write loads in the tools, what others write is read where it lies."""

import io
import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from jupyter_modelpack.errors import Untrusted
from jupyter_modelpack.limits import CONFIG_BYTES
from jupyter_modelpack.oci import archive as archives
from jupyter_modelpack.oci.archive import ArchiveReader, blob_path, write_archive
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.manifest import CONFIG, Descriptor, Manifest, Platform
from tests.registry.samples import layer, put_image, sample


@pytest.fixture
def image(tmp_path: Path) -> Image:
    return sample(tmp_path / "layout")[1]


def archive(image: Image, *names: str) -> io.BytesIO:
    out = io.BytesIO()
    write_archive(image, names, out)
    out.seek(0)
    return out


def test_same_image_same_bytes(image: Image):
    assert archive(image, "a:1").getvalue() == archive(image, "a:1").getvalue()


def test_it_holds_both_tables_of_contents(image: Image):
    reader = ArchiveReader(archive(image, "package:1", "other:2"))
    assert len(reader.names()) == len(set(reader.names())) == 3 + 1 + 1 + len(image.manifest.layers)
    index = json.loads(reader.read("index.json", 10_000))
    assert index["manifests"][0]["annotations"] == {"org.opencontainers.image.ref.name": "package:1"}
    docker = json.loads(reader.read("manifest.json", 10_000))
    assert docker[0]["RepoTags"] == ["package:1", "other:2"]
    for part in (image.descriptor, image.manifest.config, *image.manifest.layers):
        with reader.open(blob_path(part)) as stream:
            assert Digest.of_stream(stream) == part.digest


def test_an_image_without_a_name(image: Image):
    reader = ArchiveReader(archive(image))
    assert "annotations" not in json.loads(reader.read("index.json", 10_000))["manifests"][0]


def test_a_layer_used_twice_is_written_once(tmp_path: Path):
    layout, _image = sample(tmp_path / "layout")
    twice = put_image(layout, "twice:1", layer(3, 10), layer(3, 10))
    reader = ArchiveReader(archive(twice, "twice:1"))
    assert len(json.loads(reader.read("manifest.json", 10_000))[0]["Layers"]) == 2
    assert len(reader.names()) == 3 + 3


def test_progress_ends_at_the_total(image: Image):
    seen: list[tuple[int, int]] = []
    write_archive(image, ["a:1"], io.BytesIO(), lambda done, total: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1] == image.size + image.manifest.config.size
    assert seen == sorted(seen)


@pytest.mark.parametrize("kind", ["oci-archive", "docker-archive"])
def test_skopeo_reads_it(image: Image, tmp_path: Path, kind):
    (tmp_path / "saved.tar").write_bytes(archive(image, "package:1").getvalue())
    where = f"{kind}:{tmp_path / 'saved.tar'}" + (":package:1" if kind == "oci-archive" else "")
    done = subprocess.run(["skopeo", "inspect", "--config", where], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rootfs"]["diff_ids"] == image.diff_ids()


def test_members_are_windows_into_the_file(image: Image):
    reader = ArchiveReader(archive(image, "a:1"))
    first, second = (reader.open(blob_path(part)) for part in image.manifest.layers)
    with first, second:
        # Read in turns: each keeps its own place.
        heads = first.read(10), second.read(10)
        rest = heads[0] + first.read(), heads[1] + second.read()
    assert [Digest.of(data) for data in rest] == [part.digest for part in image.manifest.layers]


def test_what_is_missing_or_too_large_is_none(image: Image):
    reader = ArchiveReader(archive(image, "a:1"))
    size = len(reader.read("index.json", 10_000))
    assert reader.read("index.json", size) is not None
    assert reader.read("index.json", size - 1) is None
    assert reader.read("nothing", 10) is None
    assert reader.open("nothing") is None


def linked(*entries: tuple[str, bytes, str]) -> io.BytesIO:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, kind, target in entries:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            info.size = 3 if kind == tarfile.REGTYPE else 0
            tar.addfile(info, io.BytesIO(b"abc"))
    out.seek(0)
    return out


LINKS = [
    ("b/layer.tar", tarfile.SYMTYPE, "../a/layer.tar"),
    ("b/layer.tar", tarfile.SYMTYPE, "../../../a/./layer.tar"),
    ("b/layer.tar", tarfile.LNKTYPE, "a/layer.tar"),
    ("b/layer.tar", tarfile.LNKTYPE, "./a/layer.tar"),
]


@pytest.mark.parametrize("link", LINKS)
def test_docker_links_a_layer_it_has_written_already(link):
    reader = ArchiveReader(linked(("./a/layer.tar", tarfile.REGTYPE, ""), link))
    assert reader.read("b/layer.tar", 10) == b"abc"


@pytest.mark.parametrize("target", ["/etc/passwd", "../../etc/passwd", "b/layer.tar", "nothing"])
def test_a_link_out_of_the_archive_leads_nowhere(target):
    assert ArchiveReader(linked(("b/layer.tar", tarfile.SYMTYPE, target))).open("b/layer.tar") is None


def test_a_file_that_is_no_tar():
    with pytest.raises(tarfile.ReadError):
        ArchiveReader(io.BytesIO(b"no tar at all" * 100))


def test_members_are_counted(image: Image, monkeypatch):
    monkeypatch.setattr(archives, "ARCHIVE_ENTRIES", 2)
    with pytest.raises(Untrusted, match="More than 2"):
        ArchiveReader(archive(image, "a:1"))


def test_an_image_tells_its_platform_and_id(image: Image):
    assert image.platform() == Platform()
    assert image.id == image.manifest.config.digest
    assert image.size == sum(part.size for part in image.manifest.layers)


@pytest.mark.parametrize(
    "config", [b"[]", b"{}", b'{"rootfs": 1}', b'{"rootfs": {"diff_ids": []}}', b'{"rootfs": {"diff_ids": ["x"]}}']
)
def test_a_config_without_a_diff_id_for_each_layer(tmp_path: Path, config):
    layout, image = sample(tmp_path / "layout")
    raw = Manifest(layout.put_bytes(CONFIG, config), image.manifest.layers[:1]).to_bytes()
    with pytest.raises(Untrusted):
        Image.from_raw(raw, layout).diff_ids()


def test_a_config_that_claims_too_much(tmp_path: Path):
    layout, _image = sample(tmp_path / "layout")
    claimed = Descriptor(CONFIG, Digest("sha256:" + "0" * 64), CONFIG_BYTES + 1)
    with pytest.raises(Untrusted, match=f"claims {CONFIG_BYTES + 1} bytes"):
        Image.from_raw(Manifest(claimed, ()).to_bytes(), layout).config()
