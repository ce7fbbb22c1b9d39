"""What only our registry promises of what is pushed and deleted: nothing that is needed goes, nothing else stays."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_modelpack.events import Reporter
from jupyter_modelpack.limits import MANIFEST_BYTES
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.manifest import INDEX, MANIFEST, REF_NAME, Descriptor, Index, canonical
from jupyter_modelpack.registry.server import referrers
from jupyter_modelpack.store import untagged
from jupyter_modelpack.store.gc import collect
from jupyter_modelpack.store.layout import Layout
from jupyter_modelpack.store.lease import lease
from tests.registry.samples import layer, put_image
from tests.registry.served import OWN, Writable
from tests.registry.spec_requests import blob, code, described, fresh, get, manifest, put, signature


def ours(account, repository: str = "team/x") -> Writable:
    return Writable(account, repository)


def collected(layout: Layout) -> None:
    """Collect as `gc` does once the registry's process has ended."""
    lease(layout.path).settle()
    collect(layout, Reporter())


def test_what_was_pushed_by_digest_outlives_gc(our_account, our_layout: Layout):
    x = ours(our_account)
    raw = manifest(x, fresh())
    signed = signature(x, raw)
    for one in (raw, signed):
        assert put(x, one).status_code == 201
    collected(our_layout)
    assert [get(x, f"manifests/{Digest.of(one)}").content for one in (raw, signed)] == [raw, signed]
    assert [one["digest"] for one in get(x, f"referrers/{Digest.of(raw)}").json()["manifests"]] == [Digest.of(signed)]


def test_with_its_last_name_an_image_takes_what_belongs_to_it(our_account, our_layout: Layout):
    x, other = ours(our_account), ours(our_account, "team/other")
    parts = [manifest(x, fresh()) for _ in range(2)]
    index = canonical(
        {"schemaVersion": 2, "mediaType": INDEX, "manifests": [described(one, MANIFEST) for one in parts]}
    )
    signed = signature(x, parts[0])
    twice = signature(x, signed)
    for one in (*parts, signed, twice):
        put(x, one)
    put(x, index, "v1", INDEX)
    put(x, index, "v2", INDEX)
    put(other, parts[1])
    our_layout.untag("team/x:v1")
    assert len(our_layout.entries("team/x")) == 5
    our_layout.untag("team/x:v2")
    assert our_layout.entries("team/x") == []
    assert get(other, f"manifests/{Digest.of(parts[1])}").content == parts[1]


def test_what_another_name_needs_keeps_what_is_about_it(our_account, our_layout: Layout):
    x = ours(our_account)
    shared, alone = (manifest(x, fresh()) for _ in range(2))
    signed = signature(x, shared)
    for one in (shared, alone, signed):
        put(x, one)
    for tag, parts in (("a", (shared, alone)), ("b", (shared,))):
        entries = [described(one, MANIFEST) for one in parts]
        put(x, canonical({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}), tag, INDEX)
    our_layout.untag("team/x:a")
    collected(our_layout)
    assert [entry.digest for entry in our_layout.referrers("team/x", Digest.of(shared))] == [Digest.of(signed)]
    assert get(x, f"manifests/{Digest.of(alone)}").status_code == 404
    our_layout.untag("team/x:b")
    assert our_layout.entries("team/x") == []


def test_what_a_manifest_needs_is_not_deleted(our_account, our_layout: Layout):
    x = ours(our_account)
    data = fresh()
    raw = manifest(x, data)
    put(x, raw)
    index = canonical({"schemaVersion": 2, "mediaType": INDEX, "manifests": [described(raw, MANIFEST)]})
    put(x, index, "many", INDEX)
    for path, who in (
        (f"blobs/{Digest.of(data)}", f"team/x@{Digest.of(raw)}"),
        (f"manifests/{Digest.of(raw)}", "many"),
    ):
        refused = get(x, path, "DELETE")
        assert (refused.status_code, code(refused)) == (403, "DENIED")
        assert who in refused.json()["errors"][0]["message"]
    refused = get(x, f"blobs/{Digest.of(raw)}", "DELETE")
    assert (refused.status_code, code(refused)) == (403, "DENIED")
    assert get(x, f"blobs/{Digest.of(data)}").content == data


def test_what_the_workspace_made_is_not_deleted_from_here(our_account, our_layout: Layout):
    image = put_image(our_layout, "package:1", layer(1, 100))
    our_layout.tag("package:1", image.descriptor, {OWN: "yes"})
    our_layout.tag("package:pushed", image.descriptor)
    x = ours(our_account, "package")
    for reference in ("1", image.digest):
        refused = get(x, f"manifests/{reference}", "DELETE")
        assert (refused.status_code, code(refused)) == (403, "DENIED")
    assert get(x, "manifests/pushed", "DELETE").status_code == 202
    assert get(x, "tags/list").json()["tags"] == ["1"]
    our_layout.tag("models/m:1", image.descriptor)
    assert get(ours(our_account, "models/m"), "manifests/1", "DELETE").status_code == 403


def test_what_the_workspace_made_keeps_its_name(our_account, our_layout: Layout):
    image = put_image(our_layout, "package:1", layer(1, 100))
    our_layout.tag("package:1", image.descriptor, {OWN: "yes"})
    x = ours(our_account, "package")
    other = manifest(x, fresh())
    for refused in (
        x.ask("PUT", "/v2/package/manifests/1", data=other, headers={"Content-Type": MANIFEST}),
        x.ask("PUT", f"/v2/package/manifests/{Digest.of(other)}?tag=1", data=other, headers={"Content-Type": MANIFEST}),
    ):
        assert (refused.status_code, code(refused)) == (403, "DENIED")
    same = get(x, "manifests/1").content
    for path in ("1", f"{image.digest}?tag=1"):
        done = x.ask("PUT", f"/v2/package/manifests/{path}", data=same, headers={"Content-Type": MANIFEST})
        assert done.status_code == 201
    (entry,) = [one for one in our_layout.entries("package") if one.annotations.get(REF_NAME) == "package:1"]
    assert (entry.digest, entry.annotations[OWN]) == (image.digest, "yes")
    put(x, other, "2")
    put(x, manifest(x, fresh()), "2")  # what was pushed may be replaced


def test_a_deleted_blob_is_gone_from_the_disk(our_account, our_layout: Layout):
    x = ours(our_account)
    with our_layout.work():
        digest = blob(x, fresh())
        assert our_layout.blob_path(digest).exists()
        assert get(x, f"blobs/{digest}", "DELETE").status_code == 202
        assert not our_layout.blob_path(digest).exists()


def test_a_blob_that_another_process_relies_on_stays(our_account, our_layout: Layout, monkeypatch):
    x = ours(our_account)
    digest = blob(x, fresh())
    monkeypatch.setattr("jupyter_modelpack.store.gc.leased", lambda _path, *, ours: {digest.hex} - {ours})
    assert get(x, f"blobs/{digest}", "DELETE").status_code == 202
    assert get(x, f"blobs/{digest}").status_code == 404
    assert our_layout.blob_path(digest).exists()


def test_referrers_that_a_client_has_listed_itself(our_account, our_layout: Layout):
    """Before there was the list, clients kept an index under a tag of the subject's digest."""
    x = ours(our_account)
    raw = manifest(x, fresh())
    signed, stranger = signature(x, raw), manifest(x, fresh())
    for one in (signed, stranger):
        put(x, one)
    entries = [described(one, MANIFEST) for one in (signed, stranger)]
    put(x, canonical({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}), "before", INDEX)
    listed = our_layout.names()["team/x:before"]
    our_layout.drop("team/x", Digest.of(signed))
    our_layout.tag(f"team/x:{Digest.of(raw).replace(':', '-')}", listed)
    found = get(x, f"referrers/{Digest.of(raw)}").json()["manifests"]
    assert [one["digest"] for one in found] == [Digest.of(signed)]


def test_a_list_of_referrers_comes_in_pages(our_account, monkeypatch):
    x = ours(our_account)
    raw = manifest(x, fresh())
    signed = {Digest.of(one): one for one in (signature(x, raw, note="y" * 1_500_000) for _ in range(5))}
    for one in signed.values():
        put(x, one)
    found, path, pages = [], f"/v2/team/x/referrers/{Digest.of(raw)}?artifactType=application/x.sig", 0
    while path:
        page = x.ask("GET", path)
        assert len(page.content) <= MANIFEST_BYTES + 200
        assert page.headers["OCI-Filters-Applied"] == "artifactType"
        found += [one["digest"] for one in page.json()["manifests"]]
        path, pages = page.links.get("next", {}).get("url"), pages + 1
    assert found == sorted(signed)
    assert pages == 3
    monkeypatch.setattr(referrers, "_READ", 1)  # a page is made of one manifest then, and may be empty
    path, pages = f"/v2/team/x/referrers/{Digest.of(raw)}?artifactType=application/other", 0
    while path:
        page = x.ask("GET", path)
        assert page.json()["manifests"] == []
        path, pages = page.links.get("next", {}).get("url"), pages + 1
    assert pages == 5


def test_indexes_that_name_each_other_many_times_cost_what_they_hold(our_account, our_layout: Layout):
    """Each names the one below a thousand times: followed entry by entry, that is a thousand to the fourth."""
    x = ours(our_account)
    below, kind = manifest(x), MANIFEST
    put(x, below)
    for number in range(4):
        entries = [{**described(below, kind), "annotations": {"n": str(number)}} for _ in range(1_000)]
        below, kind = canonical({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}), INDEX
        assert put(x, below, "top", INDEX).status_code == 201
    began = time.monotonic()
    assert get(x, f"manifests/{Digest.of(b'nothing')}").status_code == 404
    assert get(x, f"manifests/{Digest.of(b'nothing')}", "DELETE").status_code == 404
    assert get(x, f"blobs/{blob(x, fresh())}", "DELETE").status_code == 202
    assert time.monotonic() - began < 5
    our_layout.untag("team/x:top")


def test_a_repository_is_listed_as_long_as_it_holds_something(our_account, our_layout: Layout):
    x = ours(our_account)
    raw = manifest(x, fresh())
    put(x, raw)
    assert our_layout.repositories() == ["team/x"]
    assert get(x, f"manifests/{Digest.of(raw)}", "DELETE").status_code == 202
    assert get(x, "tags/list").status_code == 404
    assert our_layout.repositories() == []


def test_an_unnamed_entry_of_anothers_layout_is_nobodys(our_layout: Layout, tmp_path: Path):
    image = put_image(our_layout, "a:1", layer(1, 100))

    def unnamed(index):
        return replace(index, manifests=(Descriptor(MANIFEST, image.digest, len(image.raw)),)), None

    our_layout.update(unnamed)
    assert (our_layout.repositories(), our_layout.tags("a"), our_layout.entries("a")) == ([], [], [])
    collected(our_layout)
    assert our_layout.image(image.descriptor).raw == image.raw


def seconds_to_untag(count: int, *, chained: bool) -> float:
    """Take the last name from an image that `count` artifacts are about, all of them or each about the one before."""
    digests = [Digest.of(str(number).encode()) for number in range(count + 1)]
    top = Descriptor(MANIFEST, digests[0], 1, {REF_NAME: "x:1"})
    entries = []
    for number, digest in enumerate(digests[1:]):
        about = digests[number if chained else 0]
        entries.append(Descriptor(MANIFEST, digest, 1, {untagged.REPOSITORY: "x", untagged.SUBJECT: about}))
    index = Index((top, *entries))
    began = time.process_time()
    assert untagged.without_tag(index, "x:1", lambda _entry: ()).manifests == ()
    return time.process_time() - began


@pytest.mark.parametrize("chained", [False, True])
def test_untagging_costs_what_there_is(chained):
    least = min(seconds_to_untag(2_000, chained=chained) for _ in range(3))
    assert min(seconds_to_untag(8_000, chained=chained) for _ in range(3)) < 10 * least + 0.01


def seconds_to_read(x: Writable, layout: Layout, count: int) -> float:
    """Read the last page of `count` tags, a manifest by its digest and one that is not there."""
    raw = manifest(x, fresh())
    put(x, raw)
    entry = next(one for one in layout.entries("team/x") if one.digest == Digest.of(raw))

    def fill(_index: Index) -> tuple[Index, None]:
        return Index(tuple(replace(entry, annotations={REF_NAME: f"team/x:{n:06}"}) for n in range(count))), None

    layout.update(fill)
    began = time.process_time()
    last = get(x, "tags/list", params={"n": 10, "last": f"{count - 3:06}"})
    assert last.json()["tags"] == [f"{count - 2:06}", f"{count - 1:06}"]
    assert "Link" not in last.headers
    assert get(x, f"manifests/{Digest.of(raw)}").status_code == 200
    assert get(x, f"manifests/{Digest.of(b'nothing')}").status_code == 404
    return time.process_time() - began


def test_many_tags_cost_what_there_is(our_account, our_layout: Layout):
    x = ours(our_account)
    least = min(seconds_to_read(x, our_layout, 1_000) for _ in range(2))
    assert min(seconds_to_read(x, our_layout, 4_000) for _ in range(2)) < 10 * least
