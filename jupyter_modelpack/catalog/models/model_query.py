"""Which registered models meet some criteria.

azure-differences.md 3.1 for one, 3.3 for many.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jupyter_modelpack.catalog import tags as tagging
from jupyter_modelpack.catalog.versioned_artifacts import Artifact, VersionedArtifacts
from jupyter_modelpack.errors import NotFound


def select(artifacts: VersionedArtifacts, criteria: Mapping[str, Any]) -> Artifact:
    """Return the one model that the criteria of the constructor choose; raise `NotFound` when there is none."""
    found = _select(artifacts, criteria)
    if found is None:
        said = ", ".join(f"{key} {value}" for key, value in criteria.items() if value)
        there = artifacts.names()
        raise NotFound(
            f"ModelNotFound: Model with {said} not found in provided workspace",
            hint=f"There are: {', '.join(there[:20]) or 'no models yet'}.",
            code="model-not-found",
        )
    return found


def _select(artifacts: VersionedArtifacts, criteria: Mapping[str, Any]) -> Artifact | None:
    if "id" in criteria or "version" in criteria:
        name, version = criteria.get("name"), str(criteria.get("version"))
        if "id" in criteria:
            name, _, version = str(criteria["id"]).rpartition(":")
        return artifacts.get(str(name), int(version)) if version.isdecimal() else None
    return next(_matching(artifacts.items(criteria.get("name")), criteria), None)


def query(artifacts: VersionedArtifacts, criteria: Mapping[str, Any], *, latest: bool = False) -> list[Artifact]:
    """Return what meets every criterion given, newest registration first."""
    if latest and not any(criteria.values()):
        return list(artifacts.latest())  # without reading what every version says
    found = list(_matching(artifacts.listed(criteria.get("name")), criteria))
    if latest:
        highest: dict[str, int] = {}
        for item in found:
            highest[item.name] = max(item.version, highest.get(item.name, 0))
        found = [item for item in found if item.version == highest[item.name]]
    return found


def _matching(artifacts: Iterable[Artifact], criteria: Mapping[str, Any]) -> Iterator[Artifact]:
    """Return what meets every criterion given but the name, in the order given; read as far as they are asked for."""
    tags = tagging.check_filter(criteria.get("tags"), "tags")
    properties = tagging.check_filter(criteria.get("properties"), "properties")
    framework = criteria.get("framework")
    if criteria.get("run_id"):
        return iter(())
    return (
        item
        for item in artifacts
        if tagging.match(item.document["tags"], tags)
        and tagging.match(item.document["properties"], properties)
        and (not framework or item.document.get("framework") == framework)
    )
