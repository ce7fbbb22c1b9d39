"""Push an image's referrers after it: signatures, bills of materials, attestations.

Source: OCI distribution specification 1.1, "Pushing Manifests with Subject" and "Referrers Tag Schema". For a registry
without the referrers API, the client maintains an index under a tag of the subject's digest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from jupyter_modelpack.errors import NotFound
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.manifest import INDEX, Descriptor, canonical, parse_object
from jupyter_modelpack.oci.names import Reference
from jupyter_modelpack.registry.client.client import Registry
from jupyter_modelpack.registry.client.transfer import push_image
from jupyter_modelpack.registry.server.referrers import describe


def push_about(images: Sequence[Image], place: Reference, report: Reporter, registry: Registry) -> None:
    """Push artifacts that name a subject, each by its digest, into the repository of `place`.

    Raises:
        Denied: the registry does not let us write there.
        Unavailable: it cannot be reached, or stays busy.
        Untrusted: it misleads us, or a blob is damaged.

    """
    by_itself: bool | None = None
    for image in images:
        subject = image.manifest.subject
        push_image(image, replace(place, tag="", digest=image.digest), report, registry)
        if subject is None:
            continue
        if by_itself is None:
            by_itself = registry.lists_referrers(place.repository, subject.digest, report)
        if not by_itself:
            _list(image, subject.digest, place.repository, report, registry)


def _list(image: Image, subject: Digest, repository: str, report: Reporter, registry: Registry) -> None:
    tag = subject.replace(":", "-")
    try:
        before, raw = registry.manifest(repository, tag, report)
    except NotFound:
        entries: list[Any] = []
    else:
        known = parse_object(raw, "list of referrers").get("manifests")
        if before.media_type != INDEX or not isinstance(known, list):
            report.log(f"{repository}:{tag} is no list of what is about {subject}; {image.digest} is not added to it.")
            return
        entries = known
    entry = describe(image.descriptor, image.raw)
    if any(isinstance(other, dict) and other.get("digest") == entry["digest"] for other in entries):
        return
    after = canonical({"schemaVersion": 2, "mediaType": INDEX, "manifests": [*entries, entry]})
    registry.put_manifest(repository, tag, Descriptor.of(INDEX, after), after, report)
