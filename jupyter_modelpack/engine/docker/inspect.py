"""What the Docker Engine API says of images or containers, as our types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from jupyter_modelpack.engine.base import KILLED, OUT_OF_MEMORY, Service, State
from jupyter_modelpack.engine.docker import claims
from jupyter_modelpack.engine.image_store import ImageRow
from jupyter_modelpack.image_contract import IMAGE_PORT, LABEL
from jupyter_modelpack.oci.digest import Digest

Attributes = Mapping[str, Any]

NONE = "<none>"

_SIGKILLED = 137

_STATES: Mapping[str, State] = {
    "created": "starting",
    "restarting": "starting",
    "initialized": "starting",
    "running": "running",
    "paused": "running",
    "stopping": "running",
    "exited": "exited",
    "stopped": "exited",
    "dead": "exited",
    "removing": "gone",
}


def ours(labels: Mapping[str, str] | None) -> bool:
    """Whether something has a label of ours, which is reason to list it and no more: any image may have one."""
    return any(key == LABEL or key.startswith(f"{LABEL}.") for key in labels or {})


def rows_of(image: Attributes) -> list[ImageRow]:
    """Return the rows that ``docker images`` shows for an entry of the image list.

    One row a tag; a repository known only by digest is a row without a tag; neither is ``<none>`` twice.
    """
    names: list[tuple[str, str]] = []
    for name in image.get("RepoTags") or ():
        repository, _, tag = name.rpartition(":")
        if repository != NONE:
            names.append((familiar(repository), tag))
    tagged = {repository for repository, _ in names}
    for name in image.get("RepoDigests") or ():
        repository = familiar(name.partition("@")[0])
        if repository not in tagged and repository != NONE:
            tagged.add(repository)
            names.append((repository, NONE))
    mine, created = ours(image.get("Labels")), when(image.get("Created"))
    number = Digest.parse(image["Id"] if ":" in image["Id"] else f"sha256:{image['Id']}")
    return [
        ImageRow(repository, tag, number, created, int(image.get("Size") or 0), mine)
        for repository, tag in names or [(NONE, NONE)]
    ]


def all_rows(images: Iterable[Attributes]) -> list[ImageRow]:
    """Return the rows of an image list, newest first."""
    rows = [row for image in images for row in rows_of(image)]
    oldest = datetime.min.replace(tzinfo=UTC)
    return sorted(rows, key=lambda row: row.created or oldest, reverse=True)


def familiar(repository: str) -> str:
    """Return a repository as ``docker images`` shows it; Podman writes out the hub's name."""
    on_hub = repository.removeprefix("docker.io/")
    return repository if on_hub == repository else on_hub.removeprefix("library/")


def when(value: object) -> datetime | None:
    """Return a time the engine gave in seconds or as text; the year 1 means that it knows none."""
    if isinstance(value, int):
        return datetime.fromtimestamp(value, UTC) if value > datetime(2, 1, 1, tzinfo=UTC).timestamp() else None
    if isinstance(value, str) and value and not value.startswith("0001-"):
        return datetime.fromisoformat(value)
    return None


def service_of(engine: str, container: Attributes) -> Service:
    """Return a container, as inspected, as a service."""
    state, config = container["State"], container["Config"]
    name, labels = container["Name"].lstrip("/"), config.get("Labels") or {}
    now: State = _STATES.get(state.get("Status", ""), "exited")
    # Podman 4 does not set OOMKilled; diagnosis knows what 137 may mean.
    reason = OUT_OF_MEMORY if state.get("OOMKilled") else str(state.get("Error") or "")
    if state.get("ExitCode") == _SIGKILLED and not reason and claims.was_killed(labels):
        reason = KILLED
    return Service(
        engine=engine,
        name=name,
        id=container["Id"],
        image=config["Image"],
        port=_port(container),
        state=now,
        started=when(state.get("StartedAt")),
        exit_code=int(state["ExitCode"]) if now == "exited" else None,
        labels=labels,
        reason=reason if now == "exited" else "",
        mine=claims.holds(container["Id"], name, labels),
    )


def _port(container: Attributes) -> int:
    """Return the published port; of an ended container, the one it asked for."""
    key = f"{IMAGE_PORT}/tcp"
    now = (container.get("NetworkSettings") or {}).get("Ports") or {}
    asked = (container.get("HostConfig") or {}).get("PortBindings") or {}
    for bindings in (now.get(key), asked.get(key)):
        for binding in bindings or ():
            if str(binding.get("HostPort") or "").isdigit():
                return int(binding["HostPort"])
    return 0
