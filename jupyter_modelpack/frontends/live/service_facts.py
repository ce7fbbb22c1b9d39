"""What a page shows of a service, beside a request to begin with."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from jupyter_modelpack.image_contract import SAMPLE_LABEL

if TYPE_CHECKING:
    from jupyter_modelpack.commands.service_status import Condition
    from jupyter_modelpack.engine.base import Service

LOOK_SECONDS = 2.0
"""How often a service that a page shows is asked how it fares; its end is noticed at once."""

ANY_SAMPLE = '{"data": [[1, 2, 3]]}'
"""What stands in the editor when nobody knows what the model takes."""


def facts(found: Condition) -> dict[str, Any]:
    """Return what every page shows of it."""
    one = found.service
    up = (datetime.now(UTC) - one.started).total_seconds() if one.started and not one.ended else None
    return {
        "name": one.name,
        "state": one.state,
        "ready": found.ready,
        "trouble": found.trouble,
        "engine": one.engine,
        "image": one.image,
        "port": one.port,
        "url": one.scoring_uri,
        "uptime": up,
        "exit": one.exit_code,
    }


def request_for(service: Service) -> str:
    """Return a request to begin with: the package's sample, what its schema gives, or any."""
    from jupyter_modelpack.engine.sample import sample  # noqa: PLC0415 - only a running service has one

    if kept := service.labels.get(SAMPLE_LABEL):
        return kept
    found = None if service.ended else sample(service)
    return ANY_SAMPLE if found is None else json.dumps(found, ensure_ascii=False)
