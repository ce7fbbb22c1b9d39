"""The clauses of OCI's distribution specification 1.1, by its four groups: one list over our registry and the real one.

What the real one (2.8.2, of before 1.1) is known to fail is listed in `KNOWN`, and has to fail.
"""

import pytest

from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.manifest import (
    DOCKER_INDEX,
    DOCKER_MANIFEST,
    INDEX,
    LAYER_GZIP,
    MANIFEST,
    NONDISTRIBUTABLE,
    canonical,
)
from tests.registry.served import Writable
from tests.registry.spec_requests import blob, code, described, fresh, get, manifest, put, signature

KNOWN = {
    "test_a_single_post": "asks for a PUT where the blob comes with the POST, as it may",
    "test_a_blob_of_any_repository_is_mounted_without_its_name": "needs to be told from where, as it may",
    "test_a_piece_out_of_order_is_refused": "takes it, and finds at the end that the digest is another",
    "test_the_subject_is_answered": "knows no subjects",
    "test_referrers": "knows no subjects",
    "test_referrers_of_nothing": "knows no subjects",
    "test_referrers_by_type": "knows no subjects",
    "test_a_subject_may_come_later": "knows no subjects",
    "test_a_list_of_referrers_that_asks_for_no_digest": "knows no subjects",
    "test_n_of_zero_lists_nothing": "calls it a number that is none",
    "test_pages_of_tags": "knows no pages of tags",
    "test_a_tag_is_deleted_and_its_manifest_stays": "deletes by digest alone, as it may",
    "test_sizes_are_those_of_what_lies_there": "takes what the manifest says",
    "test_a_manifest_that_is_too_large": "says that it is not JSON",
    "test_tags_beside_a_digest": "knows no tags beside a digest",
    "test_layers_that_may_not_be_distributed_need_not_be_there": "takes none unless their addresses are allowed",
    "test_a_repository_without_tags_is_there": "has no repository where no tag is",
}


# --- pull ---


@pytest.mark.parametrize("reference", ["digest", "v1"])
def test_a_manifest_is_given_back_byte_for_byte(writable: Writable, reference):
    raw = manifest(writable, fresh(), annotations={"a": "ä\n"}) + b"\n "
    raw = raw if reference == "v1" else raw.replace(b"\n ", b"")
    done = put(writable, raw, "" if reference == "digest" else reference)
    assert done.status_code == 201
    assert done.headers["Docker-Content-Digest"] == Digest.of(raw)
    for method in ("GET", "HEAD"):
        found = writable.ask(method, done.headers["Location"], headers={"Accept": MANIFEST})
        assert found.status_code == 200
        assert found.headers["Content-Type"] == MANIFEST
        assert found.headers["Docker-Content-Digest"] == Digest.of(raw)
        assert found.headers["Content-Length"] == str(len(raw))
        assert found.content == (raw if method == "GET" else b"")


def test_a_range_that_ends_before_it_begins(writable: Writable):
    digest = blob(writable, fresh())
    found = get(writable, f"blobs/{digest}", headers={"Range": "bytes=100-0"}, stream=True)
    assert found.status_code == 416


# --- push ---


def test_a_single_post(writable: Writable):
    data = fresh()
    path = f"/v2/{writable.repository}/blobs/uploads/"
    wrong = writable.ask("POST", path, params={"digest": Digest.of(b"other")}, data=data)
    assert (wrong.status_code, code(wrong)) == (400, "DIGEST_INVALID")
    done = writable.ask("POST", path, params={"digest": Digest.of(data)}, data=data)
    assert done.status_code == 201
    assert writable.ask("GET", done.headers["Location"]).content == data


@pytest.mark.parametrize("last", ["PATCH", "PUT"])
@pytest.mark.parametrize("span", ["3-5", "500-502", "0-9", "x-y"])
def test_a_piece_out_of_order_is_refused(writable: Writable, last, span):
    place = writable.begin()
    place = writable.ask("PATCH", place, data=b"abc", headers={"Content-Range": "0-2"}).headers["Location"]
    if span == "3-5":  # in order; another length than was said
        refused = writable.ask(last, place, params={"digest": "x"}, data=b"defgh", headers={"Content-Range": span})
    else:
        refused = writable.ask(last, place, params={"digest": "x"}, data=b"def", headers={"Content-Range": span})
    assert refused.status_code == 416
    now = writable.ask("GET", refused.headers["Location"])
    assert (now.status_code, now.headers["Range"]) == (204, "0-2")
    done = writable.ask("PATCH", now.headers["Location"], data=b"def", headers={"Content-Range": "3-5"})
    assert (done.status_code, done.headers["Range"]) == (202, "0-5")
    assert writable.put(done.headers["Location"], Digest.of(b"abcdef")).status_code == 201


def test_a_blob_of_another_repository_is_mounted(writable: Writable):
    data, other = fresh(), f"{writable.repository}-other"
    digest = blob(writable, data, other)
    path = f"/v2/{writable.repository}/blobs/uploads/"
    done = writable.ask("POST", path, params={"mount": digest, "from": other})
    assert done.status_code == 201
    assert writable.ask("GET", done.headers["Location"]).content == data


def test_a_blob_of_any_repository_is_mounted_without_its_name(writable: Writable):
    digest = blob(writable, fresh(), f"{writable.repository}-other")
    done = writable.ask("POST", f"/v2/{writable.repository}/blobs/uploads/", params={"mount": digest})
    assert done.status_code == 201


def test_a_blob_that_is_nowhere_is_uploaded_instead(writable: Writable):
    path = f"/v2/{writable.repository}/blobs/uploads/"
    data = fresh()
    begun = writable.ask("POST", path, params={"mount": Digest.of(data), "from": "no/where"})
    assert begun.status_code == 202
    assert writable.put(begun.headers["Location"], Digest.of(data), data=data).status_code == 201


@pytest.mark.parametrize("kind", [INDEX, DOCKER_INDEX])
def test_an_index_of_indexes_by_digest(writable: Writable, kind):
    raw = manifest(writable, fresh())
    assert put(writable, raw).status_code == 201
    inner = canonical({"schemaVersion": 2, "mediaType": INDEX, "manifests": [described(raw, MANIFEST)]})
    assert put(writable, inner, kind=INDEX).status_code == 201
    outer = canonical({"schemaVersion": 2, "mediaType": kind, "manifests": [described(inner, INDEX)], "x": [1]})
    assert put(writable, outer, "many", kind).status_code == 201
    for one, accepted in ((raw, MANIFEST), (inner, INDEX), (outer, kind)):
        found = get(writable, f"manifests/{Digest.of(one)}", headers={"Accept": accepted})
        assert found.content == one


def test_layers_that_may_not_be_distributed_need_not_be_there(writable: Writable):
    raw = manifest(writable, fresh())
    elsewhere = [
        {**described(fresh(), kind), "urls": ["https://store.example.com/layer"]} for kind in NONDISTRIBUTABLE[:2]
    ]
    text = raw.decode().replace('"layers":[', f'"layers":[{canonical(elsewhere)[1:-1].decode()},')
    assert put(writable, text.encode(), "v1").status_code == 201
    assert get(writable, "manifests/v1", headers={"Accept": MANIFEST}).content == text.encode()


@pytest.mark.parametrize("reference", ["", "v1"])
def test_a_manifest_whose_blobs_are_missing(writable: Writable, reference):
    raw = manifest(writable, fresh()).replace(Digest.of(b"{}").encode(), Digest.of(fresh()).encode())
    done = put(writable, raw, reference)
    assert done.status_code in {400, 404}
    assert code(done) in {"MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN"}
    assert get(writable, f"manifests/{reference or Digest.of(raw)}").status_code == 404


@pytest.mark.parametrize("change", [(b'"size":500', b'"size":499'), (b'"size":2', b'"size":3')])
def test_sizes_are_those_of_what_lies_there(writable: Writable, change):
    raw = manifest(writable, fresh(500))
    done = put(writable, raw.replace(*change), "v1")
    assert (done.status_code, code(done)) == (400, "SIZE_INVALID")
    assert get(writable, "manifests/v1").status_code == 404


def test_a_manifest_of_another_digest(writable: Writable):
    raw = manifest(writable, fresh())
    done = put(writable, raw + b" ", Digest.of(raw))
    assert (done.status_code, code(done)) == (400, "DIGEST_INVALID")


def test_a_manifest_that_is_too_large(writable: Writable):
    done = put(writable, manifest(writable, annotations={"a": "x" * (5 << 20)}), "v1")
    assert done.status_code == 413


def test_four_megabytes_of_manifest(writable: Writable):
    raw = manifest(writable, annotations={f"a{n}": "x" * 9_000 for n in range(400)})
    done = put(writable, raw)
    assert writable.ask("GET", done.headers["Location"], headers={"Accept": MANIFEST}).content == raw


def test_tags_beside_a_digest(writable: Writable):
    raw = manifest(writable, fresh())
    done = put(writable, raw, params={"tag": ["a", "b"]})
    assert done.headers["OCI-Tag"] == "a, b"
    assert [get(writable, f"manifests/{tag}").content for tag in "ab"] == [raw, raw]


@pytest.mark.parametrize("name", ["Upper", "a//b", "-a", "a..b"])
def test_a_name_that_is_none(writable: Writable, name):
    done = writable.ask("POST", f"/v2/{name}/blobs/uploads/")
    assert done.status_code in {301, 400, 404}  # the real one would have us ask without the second slash


# --- content discovery ---


def test_tags_in_order(writable: Writable):
    for tag in ("b", "a", "B", "1"):
        put(writable, manifest(writable), tag)
    assert sorted(get(writable, "tags/list").json()["tags"]) == ["1", "B", "a", "b"]


def test_n_of_zero_lists_nothing(writable: Writable):
    put(writable, manifest(writable), "a")
    found = get(writable, "tags/list", params={"n": 0})
    assert (found.status_code, found.json()["tags"], "Link" in found.headers) == (200, [], False)


def test_pages_of_tags(writable: Writable):
    raw = manifest(writable)
    for number in range(5):
        put(writable, raw, f"t{number}")
    found, path = [], f"/v2/{writable.repository}/tags/list?n=2"
    while path:
        page = writable.ask("GET", path)
        found.append(page.json()["tags"])
        path = page.links.get("next", {}).get("url")
    assert found == [["t0", "t1"], ["t2", "t3"], ["t4"]]
    assert get(writable, "tags/list", params={"last": "t3"}).json()["tags"] == ["t4"]


def test_a_repository_without_tags_is_there(writable: Writable):
    put(writable, manifest(writable, fresh()))
    assert get(writable, "tags/list").json() in (
        {"name": writable.repository, "tags": []},
        {"name": writable.repository, "tags": None},
    )


@pytest.mark.parametrize("reference", ["", "sig"])
def test_the_subject_is_answered(writable: Writable, reference):
    raw = manifest(writable, fresh())
    put(writable, raw)
    done = put(writable, signature(writable, raw), reference)
    assert done.headers.get("OCI-Subject") == Digest.of(raw)


def test_referrers(writable: Writable):
    raw = manifest(writable, fresh())
    put(writable, raw, "v1")
    signed = signature(writable, raw, by="me")
    put(writable, signed)
    put(writable, signed, "sig")
    plain = manifest(writable, fresh(), config_type="application/x.sbom", subject=described(raw, MANIFEST))
    put(writable, plain)
    index = canonical({"schemaVersion": 2, "mediaType": INDEX, "manifests": [], "subject": described(raw, MANIFEST)})
    put(writable, index, kind=INDEX)
    put(writable, signature(writable, plain))  # about another one
    found = get(writable, f"referrers/{Digest.of(raw)}")
    assert found.status_code == 200
    assert found.headers["Content-Type"] == INDEX
    listed = {entry.pop("digest"): entry for entry in found.json()["manifests"]}
    assert listed == {
        Digest.of(signed): {
            "mediaType": MANIFEST,
            "size": len(signed),
            "artifactType": "application/x.sig",
            "annotations": {"by": "me"},
        },
        Digest.of(plain): {"mediaType": MANIFEST, "size": len(plain), "artifactType": "application/x.sbom"},
        Digest.of(index): {"mediaType": INDEX, "size": len(index)},
    }


def test_referrers_of_nothing(writable: Writable):
    put(writable, manifest(writable, fresh()), "v1")
    found = get(writable, f"referrers/{Digest.of(b'nothing')}")
    assert (found.status_code, found.headers["Content-Type"]) == (200, INDEX)
    assert found.json()["manifests"] == []
    assert found.json()["schemaVersion"] == 2


def test_referrers_by_type(writable: Writable):
    raw = manifest(writable, fresh())
    put(writable, raw, "v1")
    kinds = ("application/x.sig", "application/x.sbom")
    for kind in kinds:
        put(writable, signature(writable, raw, kind))
    found = get(writable, f"referrers/{Digest.of(raw)}", params={"artifactType": kinds[1]})
    assert found.headers["OCI-Filters-Applied"] == "artifactType"
    assert [entry["artifactType"] for entry in found.json()["manifests"]] == [kinds[1]]


def test_a_subject_may_come_later(writable: Writable):
    raw = manifest(writable, fresh())
    signed = signature(writable, raw)
    assert put(writable, signed).status_code == 201
    assert put(writable, raw, "v1").status_code == 201
    listed = get(writable, f"referrers/{Digest.of(raw)}").json()["manifests"]
    assert [entry["digest"] for entry in listed] == [Digest.of(signed)]


def test_a_list_of_referrers_that_asks_for_no_digest(writable: Writable):
    put(writable, manifest(writable), "v1")
    assert get(writable, "referrers/sha256:zz").status_code == 400


# --- content management ---


def test_a_manifest_is_deleted_with_its_tags(writable: Writable):
    raw = manifest(writable, fresh())
    for tag in ("a", "b"):
        put(writable, raw, tag)
    assert get(writable, f"manifests/{Digest.of(raw)}", "DELETE").status_code == 202
    for reference in ("a", "b", Digest.of(raw)):
        assert get(writable, f"manifests/{reference}").status_code == 404
    gone = get(writable, f"manifests/{Digest.of(raw)}", "DELETE")
    assert (gone.status_code, code(gone) in {"MANIFEST_UNKNOWN", "NAME_UNKNOWN"}) == (404, True)


def test_a_tag_is_deleted_and_its_manifest_stays(writable: Writable):
    raw = manifest(writable, fresh())
    put(writable, raw)
    put(writable, raw, "a")
    put(writable, raw, "b")
    assert get(writable, "manifests/a", "DELETE").status_code == 202
    assert get(writable, "manifests/a").status_code == 404
    assert get(writable, "tags/list").json()["tags"] == ["b"]
    assert get(writable, "manifests/b", "DELETE").status_code == 202
    assert get(writable, f"manifests/{Digest.of(raw)}").content == raw


def test_a_blob_is_deleted(writable: Writable):
    digest = blob(writable, fresh())
    assert get(writable, f"blobs/{digest}", "DELETE").status_code == 202
    for method in ("GET", "HEAD", "DELETE"):
        assert get(writable, f"blobs/{digest}", method).status_code == 404
    assert code(get(writable, f"blobs/{digest}")) == "BLOB_UNKNOWN"


def test_a_blob_is_deleted_from_its_repository_alone(writable: Writable):
    data, other = fresh(), f"{writable.repository}-other"
    digest = blob(writable, data)
    blob(writable, data, other)
    assert get(writable, f"blobs/{digest}", "DELETE").status_code == 202
    assert get(writable, f"blobs/{digest}").status_code == 404
    assert writable.ask("GET", f"/v2/{other}/blobs/{digest}").content == data
    blob(writable, data)
    assert get(writable, f"blobs/{digest}").content == data


def test_what_is_not_there_cannot_be_deleted(writable: Writable):
    put(writable, manifest(writable), "v1")
    nothing = Digest.of(fresh())
    assert get(writable, f"blobs/{nothing}", "DELETE").status_code == 404
    assert get(writable, f"manifests/{nothing}", "DELETE").status_code == 404
    assert writable.ask("DELETE", f"/v2/no/such/manifests/{nothing}").status_code == 404


def test_an_image_can_be_deleted_and_pushed_again(writable: Writable):
    layer = fresh()
    raw = manifest(writable, layer, kind=LAYER_GZIP)
    put(writable, raw, "v1")
    for path in (f"manifests/{Digest.of(raw)}", f"blobs/{Digest.of(layer)}"):
        assert get(writable, path, "DELETE").status_code == 202
    blob(writable, layer)
    assert put(writable, raw, "v1").status_code == 201
    assert get(writable, f"blobs/{Digest.of(layer)}").content == layer
    assert DOCKER_MANIFEST not in get(writable, "manifests/v1", headers={"Accept": MANIFEST}).headers["Content-Type"]
