"""promises.md F18: a damaged blob is found before it is used, by `check` and by everything that reads."""

import io
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_modelpack.errors import ModelpackError, NotFound, Untrusted
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.archive import write_archive
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.manifest import Platform
from jupyter_modelpack.oci.names import Reference
from jupyter_modelpack.registry.client.client import Registry
from jupyter_modelpack.registry.client.credentials import RegistryCredentials
from jupyter_modelpack.registry.client.transfer import pull_image
from jupyter_modelpack.registry.server.endpoint import Endpoint
from jupyter_modelpack.registry.server.server import RegistryServer
from jupyter_modelpack.store.check import Finding, check
from jupyter_modelpack.store.gc import collect
from jupyter_modelpack.store.layout import Layout
from jupyter_modelpack.store.repair import QUARANTINE, repair
from tests.faults import times
from tests.registry.samples import layer, put_image


@pytest.fixture
def store(tmp_path: Path) -> Layout:
    """Three images that share layers."""
    store = Layout.create(tmp_path / "store")
    for tag in ("1", "2", "3"):
        put_image(store, f"package:{tag}", layer(1, 3000), layer(int(tag) + 1, 20_000))
    return store


@pytest.fixture
def whole(store: Layout, tmp_path: Path) -> Layout:
    """The same once more, in files of its own."""
    shutil.copytree(store.path, tmp_path / "whole")
    return Layout(tmp_path / "whole")


def flip(path: Path, dice: random.Random) -> None:
    data = bytearray(path.read_bytes())
    data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    path.write_bytes(data)


def cut_short(path: Path, dice: random.Random) -> None:
    os.truncate(path, dice.randrange(path.stat().st_size))


def swap(path: Path, dice: random.Random) -> None:
    other = dice.choice([one for one in path.parent.iterdir() if one != path])
    path.write_bytes(other.read_bytes())


def needed_by(store: Layout, digest: Digest) -> list[str]:
    """Which images need a blob, found without the code under test."""
    return [
        name
        for name, entry in store.names().items()
        if digest == entry.digest or digest.hex in store.blob_path(entry.digest).read_text()
    ]


def read_everything(store: Layout) -> dict[str, str]:
    """Load every image as an engine would; return the error of each."""
    errors = {}
    for name, entry in store.names().items():
        try:
            write_archive(store.image(entry), [name], io.BytesIO())
        except (NotFound, Untrusted) as error:
            errors[name] = str(error)
    return errors


def pull_everything(store: Layout, folder: Path) -> list[str]:
    """Pull every image from our registry over the store; return the names that did not arrive."""
    endpoint, failed = Endpoint.create(), []
    with RegistryServer(store, endpoint):
        registry = Registry(endpoint.address, credentials=RegistryCredentials(endpoint.username, endpoint.password))
        for number, name in enumerate(store.names()):
            sink = Layout.create(folder / str(number))
            try:
                pull_image(Reference.parse(f"{endpoint.address}/{name}"), sink, Platform(), Reporter(), registry)
            except ModelpackError:
                failed.append(name)
            assert check(sink, Reporter()).findings == ()
    return failed


@pytest.mark.parametrize("damage", [flip, cut_short, swap])
def test_damage_is_found_before_use(store: Layout, whole: Layout, tmp_path: Path, damage, scoreboard):
    dice, count = random.Random(3), times(200, 1000) if damage is flip else times(70, 350)
    blobs = sorted((store.path / "blobs/sha256").iterdir())
    found = used = mended = 0
    for _ in range(count):
        path = dice.choice(blobs)
        digest = Digest(f"sha256:{path.name}")
        hit = needed_by(store, digest)
        damage(path, dice)
        findings = check(store, Reporter()).findings
        if [finding.what for finding in findings] == [digest] and set(findings[0].names) == set(hit):
            found += 1
        errors = read_everything(store)
        used += errors.keys() != set(hit)
        repairs = repair(store, findings, [whole])
        mended += [one.done for one in repairs] == [True] and path.read_bytes() == whole.blob_path(digest).read_bytes()
    assert check(store, Reporter()).findings == ()
    scoreboard(f"damage by {damage.__name__}", f"{count}: {found} found by check, {used} used, {mended} mended")
    assert (found, used, mended) == (count, 0, count)


def test_what_the_registry_serves_damaged_does_not_arrive(store: Layout, whole: Layout, tmp_path: Path):
    """The registry sends files as they are (sendfile); a client that pulls by digest, as all do, refuses them."""
    dice = random.Random(4)
    image = store.image(store.names()["package:2"])
    for number, digest in enumerate((image.digest, image.manifest.layers[1].digest)):
        path = store.blob_path(digest)
        hit = needed_by(store, digest)
        flip(path, dice)
        assert set(pull_everything(store, tmp_path / str(number))) == set(hit)
        repair(store, check(store, Reporter()).findings, [whole])


def test_other_clients_refuse_it_too(store: Layout, tmp_path: Path):
    endpoint = Endpoint.create()
    image = store.image(store.names()["package:2"])
    flip(store.blob_path(image.manifest.layers[1].digest), random.Random(5))
    with RegistryServer(store, endpoint):
        for tag, works in (("1", True), ("2", False)):
            done = subprocess.run(
                [
                    "skopeo",
                    "copy",
                    "--src-tls-verify=false",
                    f"--src-creds={endpoint.username}:{endpoint.password.reveal()}",
                    f"docker://{endpoint.address}/package:{tag}",
                    f"oci:{tmp_path / 'out'}:{tag}",
                ],
                capture_output=True,
                check=False,
            )
            assert (done.returncode == 0) == works, done.stderr


def test_a_damaged_blob_is_replaced_by_good_bytes(store: Layout):
    """In a process that has not seen the blob: what it wrote itself it does not read again."""
    program = (
        "import io, sys; from pathlib import Path; from jupyter_modelpack.store.layout import Layout;"
        "from jupyter_modelpack.oci.manifest import Descriptor; store = Layout(Path(sys.argv[1]));"
        "data = sys.stdin.buffer.read();"
        "store.put_blob(Descriptor.of('text/plain', data), io.BytesIO(data))"
    )
    data = layer(2, 20_000)
    path = store.blob_path(Digest.of(data))
    flip(path, random.Random(6))
    subprocess.run([sys.executable, "-c", program, store.path], input=data, check=True)
    assert path.read_bytes() == data
    # ... and one that has seen it sees that the file has changed since.
    flip(path, random.Random(7))
    store.put_bytes("text/plain", data)
    assert path.read_bytes() == data


def test_what_is_nowhere_whole_is_set_aside(store: Layout):
    entry = store.names()["package:3"]
    lost = store.image(entry).manifest.layers[1].digest
    flip(store.blob_path(lost), random.Random(8))
    (outcome,) = repair(store, check(store, Reporter()).findings, [])
    assert (outcome.done, outcome.source, outcome.finding.names) == (False, "", ("package:3",))
    assert (store.path / QUARANTINE / lost.hex).exists()
    assert check(store, Reporter()).findings == (Finding("missing", lost, ("package:3",)),)
    store.put_bytes("text/plain", layer(4, 20_000))  # what the next packaging does
    assert check(store, Reporter()).findings == ()


def test_a_collector_keeps_its_hands_off_a_damaged_store(store: Layout):
    entry = store.names()["package:2"]
    before = set((store.path / "blobs/sha256").iterdir())
    for harm in (lambda path: flip(path, random.Random(9)), Path.unlink):
        path = store.blob_path(entry.digest)
        data = path.read_bytes()
        harm(path)
        with pytest.raises((Untrusted, NotFound)):
            collect(store, Reporter())
        path.write_bytes(data)
    assert set((store.path / "blobs/sha256").iterdir()) == before


def test_the_error_names_the_packages_hit(store: Layout):
    part = store.image(store.names()["package:2"]).manifest.layers[1]
    flip(store.blob_path(part.digest), random.Random(10))
    with pytest.raises(Untrusted, match=r"belongs to package:2\.") as caught, store.open_blob(part) as stream:
        stream.read()
    assert "modelpack check --repair" in caught.value.hint
