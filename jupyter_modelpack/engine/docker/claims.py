"""Records of the containers that `run` has started, which decide whether a container is ours.

Labels do not prove it: a container inherits those of its image, and anyone can make an image. So `run` gives each
container a random number as a label and writes a file of that name to a folder of this user. Only a container with
both is killed, replaced or removed. The file is written before the container exists, so that an interrupted `run`
leaves no container without one; once the engine has assigned an id, the id must match, too.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
from collections.abc import Mapping
from typing import Any

from jupyter_modelpack import home
from jupyter_modelpack.engine.private_file import write_json
from jupyter_modelpack.errors import Unavailable
from jupyter_modelpack.image_contract import CLAIM_LABEL
from jupyter_modelpack.record_format import FIELD, check_format

_FORMAT = 1
_NUMBER = re.compile(r"[0-9a-f]{32}")


def begin(name: str) -> str:
    """Record that a container named `name` is about to be created; return the number for its label."""
    number = secrets.token_hex(16)
    _write(number, {"name": name})
    return number


def settle(number: str, name: str, container: str) -> None:
    """Add the container's id, as the engine has assigned it, to the record."""
    _write(number, {"name": name, "id": container})


def killed(labels: Mapping[str, str] | None) -> None:
    """Record that we are about to kill the container, which else looks as if it ran out of memory."""
    if (number := _number(labels)) and (known := _known(number)):
        with contextlib.suppress(Unavailable):  # it is not worth a service that cannot be killed
            _write(number, {**known, "killed": "yes"})


def was_killed(labels: Mapping[str, str] | None) -> bool:
    """Whether we have killed the container."""
    number = _number(labels)
    return number is not None and "killed" in _known(number)


def forget(labels: Mapping[str, str] | None) -> None:
    """Delete the record of a container that is gone or was never created."""
    if number := _number(labels):
        with contextlib.suppress(OSError):
            (home.containers() / number).unlink(missing_ok=True)


def holds(container: str, name: str, labels: Mapping[str, str] | None) -> bool:
    """Whether `run` has started this container for this user, by its id or, before it has one, its name."""
    number = _number(labels)
    if number is None or not (known := _known(number)):
        return False
    return known.get("id") == container if "id" in known else known.get("name") == name


def _known(number: str) -> dict[str, Any]:
    path = home.containers() / number
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(known, dict):
        return {}
    check_format(known, _FORMAT, str(path))
    return known


def _number(labels: Mapping[str, str] | None) -> str | None:
    """Return the number that a label names; it comes from outside, and becomes the name of a file."""
    number = (labels or {}).get(CLAIM_LABEL, "")
    return number if _NUMBER.fullmatch(number) else None


def _write(number: str, facts: Mapping[str, str]) -> None:
    folder = home.containers()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_json(folder / number, {FIELD: _FORMAT, **facts})
    except OSError as error:
        raise Unavailable(
            f"Running {facts['name']}: it cannot be written down in {folder}: {error.strerror}.",
            hint="MODELPACK_HOME names a folder that may be written.",
            code="disk",
        ) from error
