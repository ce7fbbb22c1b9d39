"""Answer the embedded registry's read requests, as data.

Source: OCI distribution specification 1.1, "Pull", "Content Discovery" and "Error Codes". Nothing here
opens a socket; `server` sends what this returns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from jupyter_modelpack.errors import ModelpackError, UsageError
from jupyter_modelpack.limits import MANIFEST_BYTES, PAGE
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import RegistryContent
from jupyter_modelpack.oci.names import check_repository, check_tag
from jupyter_modelpack.registry.server.referrers import list_referrers
from jupyter_modelpack.registry.server.reply import Reply, error_answer, json_answer

_ROUTE = re.compile(r"/v2/(?P<name>[^?]+)/(?P<kind>manifests|blobs|tags|referrers)/(?P<reference>[^/]+)")


def answer(content: RegistryContent, target: str, byte_range: str | None = None) -> Reply:
    """Answer a GET for `target` (path and query) out of `content`.

    Args:
        content: The images to serve.
        target: Path and query of the request line.
        byte_range: The Range header, if any.

    """
    split = urlsplit(target)
    path, query = unquote(split.path), parse_qs(split.query, keep_blank_values=True)
    if path in {"/v2/", "/v2"}:
        return json_answer({})
    if path == "/v2/_catalog":
        return _page("repositories", {}, content.repositories(), split.path, query)
    found = _ROUTE.fullmatch(path)
    if not found:
        return error_answer(404, "UNSUPPORTED", "This registry has no such endpoint.")
    name, kind, reference = found["name"], found["kind"], found["reference"]
    try:
        check_repository(name)
    except UsageError:
        return error_answer(400, "NAME_INVALID", "The repository name is not well formed.")
    if kind == "manifests":
        return _manifest(content, name, reference)
    if kind == "blobs":
        return _blob(content, reference, byte_range)
    if kind == "referrers":
        return list_referrers(content, name, reference, split.path, query)
    if reference != "list":
        return error_answer(404, "UNSUPPORTED", "This registry has no such endpoint.")
    tags = content.tags(name)
    if not tags and name not in content.repositories():
        return error_answer(404, "NAME_UNKNOWN", "This registry has no such repository.")
    return _page("tags", {"name": name}, tags, split.path, query)


def _manifest(content: RegistryContent, name: str, reference: str) -> Reply:
    try:
        reference = Digest.parse(reference) if ":" in reference else check_tag(reference)
    except ModelpackError:
        return error_answer(400, "MANIFEST_INVALID", "Neither a tag nor a sha256 digest.")
    descriptor = content.resolve(name, reference)
    if descriptor is None:
        return error_answer(404, "MANIFEST_UNKNOWN", "This registry has no such manifest.")
    with content.open_blob(descriptor) as stream:
        raw = stream.read(MANIFEST_BYTES)
    return Reply(200, raw, {"Content-Type": descriptor.media_type, **_names(descriptor.digest)})


def _blob(content: RegistryContent, reference: str, byte_range: str | None) -> Reply:
    try:
        digest = Digest.parse(reference)
    except ModelpackError:
        return error_answer(400, "DIGEST_INVALID", "Not a sha256 digest.")
    found = content.find_blob(digest)
    if found is None:
        return error_answer(404, "BLOB_UNKNOWN", "This registry has no such blob.")
    path, size = found
    headers = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes", **_names(digest)}
    wanted = parse_range(byte_range, size)
    if wanted is None:
        return Reply(200, b"", headers, path, 0, size)
    first, last = wanted
    if first > last:
        refused = error_answer(416, "RANGE_INVALID", "The range lies outside the blob.")
        return Reply(416, refused.body, {**refused.headers, "Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return Reply(206, b"", headers, path, first, last - first + 1)


def parse_range(text: str | None, size: int) -> tuple[int, int] | None:
    """Read a Range header (RFC 9110, 14.2) for a blob of `size` bytes.

    Returns None when the whole blob is to be sent: no header, one not understood, or several ranges.
    A range that cannot be satisfied, or ends before it begins, has its first byte behind its last.
    """
    found = re.fullmatch(r"bytes=([0-9]{0,19})-([0-9]{0,19})", (text or "").strip())
    if not found or found[0].endswith("=-"):
        return None
    if not found[1]:
        count = min(int(found[2]), size)
        return size - count, size - 1
    first = int(found[1])
    return first, min(int(found[2] or size), size - 1)


def _names(digest: Digest) -> dict[str, str]:
    return {"Docker-Content-Digest": digest, "ETag": f'"{digest}"'}


def _page(key: str, document: dict[str, Any], entries: list[str], path: str, query: Mapping[str, list[str]]) -> Reply:
    """Answer with the entries after `last`, `n` at most, with a link to the next page."""
    wanted = query.get("n", [str(PAGE)])[-1]
    if not re.fullmatch(r"[0-9]{1,9}", wanted):
        return error_answer(400, "PAGINATION_NUMBER_INVALID", "n is not a number.")
    count = min(int(wanted), PAGE)
    after = query.get("last", [""])[-1]
    rest = [entry for entry in entries if entry > after]
    page = rest[:count]
    headers = {}
    if page and len(rest) > count:
        headers["Link"] = f'<{path}?n={count}&last={quote(page[-1], safe="")}>; rel="next"'
    return json_answer({**document, key: page}, headers=headers)
