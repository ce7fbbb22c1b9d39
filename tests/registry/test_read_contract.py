"""What any registry answers to a reader: one list of checks over ours and the real one."""

import hashlib

import pytest

from jupyter_modelpack.oci.manifest import MANIFEST
from tests.registry.served import Served

ABSENT = "sha256:" + "0" * 64


def error_code(response) -> str:
    assert response.headers["Content-Type"].startswith("application/json")
    return response.json()["errors"][0]["code"]


def test_the_base_says_which_api_it_is(served: Served):
    response = served.ask("")
    assert response.status_code == 200
    assert response.headers["Docker-Distribution-Api-Version"] == "registry/2.0"
    assert response.json() == {}


@pytest.mark.parametrize("login", [None, ("tester", "wrong"), ("nobody", "")])
@pytest.mark.parametrize("path", ["", "_catalog", "{}/tags/list", "{}/manifests/1", "{}/blobs/" + ABSENT])
def test_without_the_password_everything_is_closed(served: Served, login, path):
    response = served.ask(path.format(served.repository), auth=login)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert error_code(response) == "UNAUTHORIZED"


@pytest.mark.parametrize("reference", ["1", "3", "digest"])
def test_a_manifest_by_tag_or_digest(served: Served, reference):
    path = f"{served.repository}/manifests/{served.image.digest if reference == 'digest' else reference}"
    response = served.ask(path, headers={"Accept": MANIFEST})
    assert response.status_code == 200
    assert response.content == served.image.raw
    assert response.headers["Content-Type"] == MANIFEST
    assert response.headers["Docker-Content-Digest"] == served.image.digest
    head = served.ask(path, "HEAD", headers={"Accept": MANIFEST})
    assert head.status_code == 200
    assert head.content == b""
    for name in ("Content-Type", "Content-Length", "Docker-Content-Digest"):
        assert head.headers[name] == response.headers[name]


def test_blobs(served: Served):
    for part in (served.image.manifest.config, *served.image.manifest.layers):
        path = f"{served.repository}/blobs/{part.digest}"
        response = served.ask(path)
        assert response.status_code == 200
        assert int(response.headers["Content-Length"]) == part.size == len(response.content)
        assert f"sha256:{hashlib.sha256(response.content).hexdigest()}" == part.digest
        assert response.headers["Docker-Content-Digest"] == part.digest
        head = served.ask(path, "HEAD")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["Content-Length"] == str(part.size)


RANGES = [("bytes=0-0", 0, 1), ("bytes=5-99", 5, 100), ("bytes=3000000-", 3_000_000, None), ("bytes=-7", -7, None)]


@pytest.mark.parametrize(("header", "first", "end"), RANGES)
def test_a_part_of_a_blob(served: Served, header, first, end):
    part = served.image.manifest.layers[1]
    path = f"{served.repository}/blobs/{part.digest}"
    whole = served.ask(path).content
    response = served.ask(path, headers={"Range": header})
    assert response.status_code == 206
    assert response.content == whole[first:end]
    begin = first % part.size
    assert response.headers["Content-Range"] == f"bytes {begin}-{(end or part.size) - 1}/{part.size}"


def test_a_part_outside_a_blob(served: Served):
    part = served.image.manifest.layers[0]
    response = served.ask(
        f"{served.repository}/blobs/{part.digest}", headers={"Range": f"bytes={part.size}-"}, stream=True
    )
    # The body stays unread: the real one announces the blob's length there (2.8.2).
    assert response.status_code == 416
    assert response.headers["Content-Range"] == f"bytes */{part.size}"


MISSING = [
    ("manifests/nothing", 404, "MANIFEST_UNKNOWN"),
    (f"manifests/{ABSENT}", 404, "MANIFEST_UNKNOWN"),
    (f"blobs/{ABSENT}", 404, "BLOB_UNKNOWN"),
]


@pytest.mark.parametrize(("path", "status", "code"), MISSING)
def test_what_is_not_there(served: Served, path, status, code):
    response = served.ask(f"{served.repository}/{path}")
    assert response.status_code == status
    assert error_code(response) == code
    assert served.ask(f"{served.repository}/{path}", "HEAD").status_code == status


def test_an_unknown_repository_has_no_tags(served: Served):
    response = served.ask("no/such/thing/tags/list")
    assert response.status_code == 404
    assert error_code(response) == "NAME_UNKNOWN"


def test_tags(served: Served):
    listed = served.ask(f"{served.repository}/tags/list").json()
    assert listed["name"] == served.repository
    # The specification wants lexical order; the real one gives the order of its disk (2.8.2).
    assert (sorted(listed["tags"]) if served.real else listed["tags"]) == ["1", "2", "3"]


def test_repositories(served: Served):
    assert served.repository in served.ask("_catalog?n=1000").json()["repositories"]


def test_a_page_of_repositories_links_to_the_next(served: Served):
    before = served.repository[:-1]
    response = served.ask(f"_catalog?n=1&last={before}")
    assert response.json()["repositories"] == [served.repository]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_no_write_without_the_password(served: Served, method):
    response = served.ask(f"{served.repository}/blobs/uploads/", method, auth=None, data=b"x")
    assert response.status_code in {401, 405}
