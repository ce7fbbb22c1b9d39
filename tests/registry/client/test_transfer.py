"""Images to and from registries, ours and the real one."""

import secrets
import subprocess
from pathlib import Path

import pytest

from jupyter_modelpack.errors import Cancelled, Denied, NotFound, Unavailable, Untrusted, UsageError
from jupyter_modelpack.events import Progress, Reporter
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.manifest import INDEX, Descriptor, Index, Platform
from jupyter_modelpack.oci.names import Reference
from jupyter_modelpack.redact import Secret
from jupyter_modelpack.registry.client.client import Registry
from jupyter_modelpack.registry.client.credentials import RegistryCredentials
from jupyter_modelpack.registry.client.transfer import pull_image, push_image
from jupyter_modelpack.store.layout import Layout
from tests.registry.clients import QUICK, login
from tests.registry.samples import layer, put_image, sample
from tests.registry.served import Served
from tests.services.registry import Account


@pytest.fixture
def empty(tmp_path: Path) -> Layout:
    return Layout.create(tmp_path / "empty")


@pytest.fixture
def writable(cncf_registry: Account) -> tuple[Registry, str]:
    """The real registry with the name of a repository that is not there yet."""
    return login(cncf_registry), f"push/{secrets.token_hex(4)}"


def pull(served: Served, reference: str, sink: Layout, report: Reporter | None = None) -> Image:
    name = Reference.parse(f"{served.account.address}/{served.repository}{reference}")
    return pull_image(name, sink, Platform(), report or Reporter(), login(served.account))


def assert_complete(layout: Layout, image: Image) -> None:
    for part in (image.descriptor, image.manifest.config, *image.manifest.layers):
        with layout.open_blob(part) as stream:
            assert Digest.of_stream(stream) == part.digest


@pytest.mark.parametrize("by", ["tag", "digest"])
def test_pull(served: Served, empty: Layout, by):
    reference = ":1" if by == "tag" else f"@{served.image.digest}"
    image = pull(served, reference, empty)
    assert image.digest == served.image.digest
    assert image.raw == served.image.raw
    assert image.platform() == Platform()
    assert_complete(empty, image)
    assert empty.names() == {}


def test_progress_counts_every_byte_once(served: Served, empty: Layout):
    events: list[Progress] = []
    image = pull(served, ":1", empty, Reporter(events.append))
    done = [event.done for event in events]
    total = image.manifest.config.size + sum(part.size for part in image.manifest.layers)
    assert done == sorted(done)
    assert done[-1] == total
    assert {event.total for event in events} == {total}


def test_what_is_there_is_not_fetched(ours: Served, empty: Layout):
    pull(ours, ":1", empty)
    for part in ours.image.manifest.layers:
        ours.layout.blob_path(part.digest).unlink()
    events: list[Progress] = []
    pull(ours, ":1", empty, Reporter(events.append))
    assert events[-1].done == events[-1].total > 0


def test_what_is_not_there(served: Served, empty: Layout):
    with pytest.raises(NotFound, match="nothing"):
        pull(served, ":nothing", empty)


def test_a_wrong_password(served: Served, empty: Layout):
    wrong = Registry(served.account.address, credentials=RegistryCredentials("tester", Secret("wr0ng")), policy=QUICK)
    name = Reference.parse(f"{served.account.address}/{served.repository}:1")
    with pytest.raises(Denied, match="refuses us as tester") as caught:
        pull_image(name, empty, Platform(), Reporter(), wrong)
    assert "wr0ng" not in str(caught.value)


def test_no_password(served: Served, empty: Layout):
    name = Reference.parse(f"{served.account.address}/{served.repository}:1")
    with pytest.raises(Denied, match="asks for a user name") as caught:
        pull_image(name, empty, Platform(), Reporter())
    assert f"docker login {served.account.address}" in caught.value.hint


def test_the_password_docker_login_kept(served: Served, empty: Layout, tmp_path: Path):
    import base64
    import json

    pair = base64.b64encode(":".join(served.login).encode()).decode()
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker/config.json").write_text(json.dumps({"auths": {served.account.address: {"auth": pair}}}))
    name = Reference.parse(f"{served.account.address}/{served.repository}:1")
    assert pull_image(name, empty, Platform(), Reporter()).digest == served.image.digest


def test_nobody_there_is_said_at_once(empty: Layout):
    import socket

    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{held.getsockname()[1]}"
        with pytest.raises(Unavailable, match=f"Could not reach {address}: connection refused") as caught:
            pull_image(Reference.parse(f"{address}/x:1"), empty, Platform(), Reporter())
    assert caught.value.retry


def test_an_unknown_host_is_said_at_once(empty: Layout, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    with pytest.raises(Unavailable, match=r"Could not reach no-such-host\.invalid:443: the name is not known"):
        pull_image(Reference.parse("no-such-host.invalid/x:1"), empty, Platform(), Reporter())


def test_cancel(ours: Served, empty: Layout):
    report = Reporter(lambda event: report.cancel())
    with pytest.raises(Cancelled):
        pull(ours, ":1", empty, report)
    assert not empty.has_blob(ours.image.digest)
    assert [path.name for path in (empty.path / "blobs/sha256").iterdir() if path.name.startswith(".tmp")] == []


def test_push_and_pull_back(writable, tmp_path: Path, empty: Layout):
    registry, repository = writable
    _layout, image = sample(tmp_path / "layout")
    events: list[Progress] = []
    name = Reference.parse(f"{registry.host}/{repository}:v1")
    assert push_image(image, name, Reporter(events.append), registry) == image.digest
    done = [event.done for event in events]
    assert done == sorted(done)
    assert done[-1] == events[-1].total
    assert registry.tags(repository) == ["v1"]
    assert registry.has_manifest(repository, "v1") == image.digest
    back = pull_image(name, empty, Platform(), Reporter(), registry)
    assert back.raw == image.raw
    assert_complete(empty, back)


def test_skopeo_reads_what_we_push(writable, cncf_registry: Account, tmp_path: Path):
    registry, repository = writable
    _layout, image = sample(tmp_path / "layout")
    push_image(image, Reference.parse(f"{registry.host}/{repository}:v1"), Reporter(), registry)
    creds = f"--creds={cncf_registry.username}:{cncf_registry.password}"
    where = f"docker://{cncf_registry.address}/{repository}:v1"
    said = subprocess.run(
        ["skopeo", "inspect", "--tls-verify=false", creds, "--format={{.Digest}}", where],
        check=True,
        capture_output=True,
        text=True,
    )
    assert said.stdout.strip() == image.digest


def test_push_by_digest_leaves_no_tag(writable, tmp_path: Path):
    registry, repository = writable
    _layout, image = sample(tmp_path / "layout")
    push_image(image, Reference.parse(f"{registry.host}/{repository}@{image.digest}"), Reporter(), registry)
    assert registry.has_manifest(repository, image.digest) == image.digest
    assert registry.has_manifest(repository, "latest") is None


def test_push_under_another_digest_is_refused(writable, tmp_path: Path):
    registry, repository = writable
    _layout, image = sample(tmp_path / "layout")
    name = Reference.parse(f"{registry.host}/{repository}@sha256:{'0' * 64}")
    with pytest.raises(UsageError, match="another image"):
        push_image(image, name, Reporter(), registry)


def count_uploads(monkeypatch) -> list[str]:
    from jupyter_modelpack.registry.client.transport import Transport

    sent: list[str] = []
    send = Transport.send

    def counted(self, method, url, headers, body=None):
        if method in {"POST", "PUT"}:
            sent.append(f"{method} {url}")
        return send(self, method, url, headers, body)

    monkeypatch.setattr(Transport, "send", counted)
    return sent


def test_a_second_push_uploads_no_blob(writable, tmp_path: Path, monkeypatch):
    registry, repository = writable
    _layout, image = sample(tmp_path / "layout")
    push_image(image, Reference.parse(f"{registry.host}/{repository}:v1"), Reporter(), registry)
    sent = count_uploads(monkeypatch)
    push_image(image, Reference.parse(f"{registry.host}/{repository}:v2"), Reporter(), registry)
    assert [request.rpartition("/")[2] for request in sent] == ["v2"]


def test_blobs_are_mounted_from_another_repository(writable, tmp_path: Path, monkeypatch):
    registry, repository = writable
    _layout, image = sample(tmp_path / "layout")
    push_image(image, Reference.parse(f"{registry.host}/{repository}:v1"), Reporter(), registry)
    sent = count_uploads(monkeypatch)
    other = Reference.parse(f"{registry.host}/{repository}-other:v1")
    push_image(image, other, Reporter(), registry, mount_from=repository)
    assert sum("mount=" in request for request in sent) == 3
    assert [request for request in sent if request.startswith("PUT")] == [
        f"PUT http://{registry.host}/v2/{repository}-other/manifests/v1"
    ]


def test_a_mount_that_does_not_work_is_an_upload(writable, tmp_path: Path):
    registry, repository = writable
    _layout, image = sample(tmp_path / "layout")
    name = Reference.parse(f"{registry.host}/{repository}:v1")
    push_image(image, name, Reporter(), registry, mount_from="no/such/repository")
    assert registry.has_manifest(repository, "v1") == image.digest


def test_an_empty_layer_goes_both_ways(writable, tmp_path: Path, empty: Layout):
    registry, repository = writable
    layout = Layout.create(tmp_path / "layout")
    image = put_image(layout, "package:1", b"", layer(1, 10))
    name = Reference.parse(f"{registry.host}/{repository}:v1")
    push_image(image, name, Reporter(), registry)
    assert_complete(empty, pull_image(name, empty, Platform(), Reporter(), registry))


def test_a_damaged_layer_is_not_pushed(writable, tmp_path: Path):
    registry, repository = writable
    layout, image = sample(tmp_path / "layout")
    path = layout.blob_path(image.manifest.layers[1].digest)
    data = bytearray(path.read_bytes())
    data[1_500_000] ^= 1
    path.write_bytes(data)
    with pytest.raises(Untrusted, match="damaged"):
        push_image(image, Reference.parse(f"{registry.host}/{repository}:v1"), Reporter(), registry)
    assert registry.has_manifest(repository, "v1") is None


def test_our_own_registry_takes_no_push(ours: Served, tmp_path: Path):
    image = put_image(Layout.create(tmp_path / "other"), "other:1", layer(9, 10))
    with pytest.raises(Unavailable, match="405: UNSUPPORTED This registry is read-only"):
        push_image(image, Reference.parse(f"{ours.account.address}/other:1"), Reporter(), login(ours.account))


@pytest.fixture
def multi(ours: Served) -> Served:
    """Our registry with an image for two platforms under the tag `multi`."""
    arm = put_image(ours.layout, "package:arm", layer(5, 50))
    entries = (
        Descriptor(ours.image.descriptor.media_type, ours.image.digest, len(ours.image.raw), {}, Platform()),
        Descriptor(arm.descriptor.media_type, arm.digest, len(arm.raw), {}, Platform("linux", "arm64")),
    )
    ours.layout.tag("package:multi", ours.layout.put_bytes(INDEX, Index(entries).to_bytes()))
    return ours


@pytest.mark.parametrize("platform", ["linux/amd64", "linux/arm64"])
def test_an_index_is_resolved_to_the_platform(multi: Served, empty: Layout, platform):
    name = Reference.parse(f"{multi.account.address}/package:multi")
    image = pull_image(name, empty, Platform.parse(platform), Reporter(), login(multi.account))
    expected = multi.layout.names()["package:1" if platform == "linux/amd64" else "package:arm"]
    assert image.digest == expected.digest


def test_a_platform_that_is_not_there_is_named(multi: Served, empty: Layout):
    name = Reference.parse(f"{multi.account.address}/package:multi")
    with pytest.raises(Untrusted, match=r"no variant for linux/s390x: it has linux/amd64, linux/arm64"):
        pull_image(name, empty, Platform.parse("linux/s390x"), Reporter(), login(multi.account))


def test_ping(served: Served):
    login(served.account).ping()
    with pytest.raises(Denied):
        Registry(served.account.address).ping()


def test_tags_and_manifests(served: Served):
    registry = login(served.account)
    assert registry.tags(served.repository) == ["1", "2", "3"]
    assert registry.has_manifest(served.repository, "1") == served.image.digest
    assert registry.has_manifest(served.repository, "nothing") is None
    assert registry.has_blob(served.repository, served.image.manifest.layers[0].digest)
    assert not registry.has_blob(served.repository, Digest("sha256:" + "0" * 64))
