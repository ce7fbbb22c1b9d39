"""List the referrers of a manifest, in pages.

Source: OCI distribution specification 1.1, "Listing Referrers".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from jupyter_modelpack.errors import ModelpackError
from jupyter_modelpack.limits import MANIFEST_BYTES, PAGE
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import RegistryContent
from jupyter_modelpack.oci.manifest import INDEX, INDEX_TYPES, Descriptor, Index, Manifest, canonical
from jupyter_modelpack.registry.server.reply import Reply, error_answer

_READ = 8 * MANIFEST_BYTES
"""Most bytes of manifests that are read for one page."""


def list_referrers(
    content: RegistryContent, name: str, reference: str, path: str, query: Mapping[str, list[str]]
) -> Reply:
    """Answer with an index of the manifests in `name` whose subject is `reference`.

    A page is no larger than what clients read of an index: the annotations of referrers are copied into it, and may
    be as large as a manifest.
    """
    try:
        subject = Digest.parse(reference)
    except ModelpackError:
        return error_answer(400, "DIGEST_INVALID", "Not a sha256 digest.")
    wanted, after = query.get("artifactType", [""])[-1], query.get("last", [""])[-1]
    rest = [entry for entry in content.referrers(name, subject) if entry.digest > after]
    entries: list[bytes] = []
    last, size, read = "", 0, 0
    for entry in rest[:PAGE]:
        kind, described = _described(content, entry)
        size, read = size + len(described), read + entry.size
        if last and (size > MANIFEST_BYTES or read > _READ):
            break
        last = entry.digest
        if wanted in ("", kind):
            entries.append(described)
        else:
            size -= len(described)
    headers = {"Content-Type": INDEX}
    if wanted:
        headers["OCI-Filters-Applied"] = "artifactType"
    if rest and last != rest[-1].digest:
        following = urlencode({**({"artifactType": wanted} if wanted else {}), "last": last})
        headers["Link"] = f'<{path}?{following}>; rel="next"'
    body = b'{"schemaVersion":2,"mediaType":"%b","manifests":[%b]}' % (INDEX.encode(), b",".join(entries))
    return Reply(200, body, headers)


def _described(content: RegistryContent, entry: Descriptor) -> tuple[str, bytes]:
    with content.open_blob(entry) as stream:
        described = describe(entry, stream.read(MANIFEST_BYTES))
    return str(described.get("artifactType", "")), canonical(described)


def describe(entry: Descriptor, raw: bytes) -> dict[str, Any]:
    """Return a manifest's descriptor for a list of referrers, with its artifact type and annotations."""
    found = Index.from_bytes(raw) if entry.media_type in INDEX_TYPES else Manifest.from_bytes(raw)
    kind = found.artifact_type or ("" if isinstance(found, Index) else found.config.media_type)
    described = replace(entry, annotations=found.annotations, platform=None).to_json()
    return {**described, **({"artifactType": kind} if kind else {})}
