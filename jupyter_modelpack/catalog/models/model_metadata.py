"""What is said of a model beside its files.

azure-differences.md 3.2 and 3.3: the checks that registration makes, and the JSON it is shown as.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from jupyter_modelpack.catalog.models.framework import Framework
from jupyter_modelpack.errors import UsageError

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-._]{0,254}")
_LONGEST = 255

MIME_TYPE = "application/x-tar"
"""Azure's word for what a model's files are."""

_FRAMEWORKS = {value for name, value in vars(Framework).items() if name.isupper()}


def usable_name(name: str) -> str:
    """Return a name that a model may have, as near as can be to `name`, that of a file for instance."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-zA-Z0-9._]+", "-", plain).strip("-._")[:_LONGEST].rstrip("-._") or "model"


def check_name(name: str) -> None:
    """Raise `UsageError`, as Azure words it, for a name that no model may have."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise UsageError(
            "Error, provided model name is invalid. It must only consist of letters, numbers, dashes, periods, or "
            "underscores, start with a letter or number, and be between 1 and 255 characters long.",
            hint=f"{name[:80]!r} could be {usable_name(name)}." if isinstance(name, str) and name else "",
            code="bad-name",
        )


def check_framework(framework: str | None, version: str | None) -> None:
    """Raise `UsageError` for a framework that is none of Azure's, or a version without one."""
    if version and not framework:
        raise UsageError("Model framework version cannot be provided without a valid framework")
    if framework is not None and framework not in _FRAMEWORKS:
        raise UsageError(f"Model framework {framework!r} is not one of {', '.join(sorted(_FRAMEWORKS))}.")


def serialize(model: Mapping[str, Any]) -> dict[str, Any]:
    """Return a model, given by its attributes, as JSON in Azure's words."""
    created, resources = model["created_time"], model["resource_configuration"]
    return {
        "createdTime": created.isoformat() if created else None,
        "createdBy": model["created_by"],
        "description": model["description"],
        "id": model["id"],
        "mimeType": MIME_TYPE,
        "name": model["name"],
        "framework": model["model_framework"],
        "frameworkVersion": model["model_framework_version"],
        "tags": model["tags"],
        "properties": model["properties"],
        "unpack": False,
        "url": model["url"],
        "version": model["version"],
        "experimentName": None,
        "runId": None,
        "runDetails": None,
        "datasets": {},
        "resourceConfiguration": resources and resources.serialize(),
        "sampleInputDatasetId": None,
        "sampleOutputDatasetId": None,
    }


def refuse_data_sets(*given: object) -> None:
    """Raise `UsageError` when a parameter for Azure's data sets is used."""
    if any(given):
        raise UsageError("Data sets are a service of the Azure cloud; leave them out.")
