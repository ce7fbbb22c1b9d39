"""What a table shows: models, packages, images or services, each as rows with the actions they offer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from jupyter_modelpack.commands import lookup
from jupyter_modelpack.commands.images import images
from jupyter_modelpack.commands.models import models
from jupyter_modelpack.commands.packages import packages
from jupyter_modelpack.commands.results import Images, Models, Packages, Services
from jupyter_modelpack.commands.services import services
from jupyter_modelpack.engine.base import Service
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.frontends.render import humanize, views

Key = str | int | float


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes:
        name: What its actions are done to, and what Copy copies.
        cells: What is shown.
        keys: What each column sorts by.
        ours: Whether it was packaged here.
        actions: What can be done to it.
    """

    name: str
    cells: tuple[str, ...]
    keys: tuple[Key, ...]
    ours: bool = False
    actions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of thing.

    Attributes:
        title: Heading of its tab.
        columns: Headings.
        load: Asks for the verb's result; takes workspace and engine.
        rows: The rows of that result; takes workspace and engine, too.
        empty: Stands where there are none.
        marks: Whether what was packaged here is marked, for there are others.
    """

    title: str
    columns: tuple[str, ...]
    load: Callable[[Mapping[str, Any]], Any]
    rows: Callable[[Any, Mapping[str, Any]], Sequence[Row]]
    empty: str
    marks: bool = False


def _time(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0


def _ask(verb: Callable[..., Any], *names: str) -> Callable[[Mapping[str, Any]], Any]:
    return lambda target: verb(Reporter(), **{name: target.get(name) for name in names})


def _images(result: Images, target: Mapping[str, Any]) -> list[Row]:
    now, rows = datetime.now(UTC), []
    # `absent`: there is no workspace yet, and to look for its packages would make one.
    known = () if target.get("absent") else lookup.workspace(target.get("workspace")).packages
    runnable = {package.location for package in known}
    for row in result.rows:
        short = humanize.short_id(row.id)
        cells = (row.repository, row.tag, short, humanize.ago(row.created, now), humanize.size(row.size, 3))
        keys = (row.repository, row.tag, short, _time(row.created), row.size)
        name = short if "<none>" in {row.repository, row.tag} else f"{row.repository}:{row.tag}"
        actions = ("run", "remove", "copy") if name in runnable else ("remove", "copy")
        rows.append(Row(name, cells, keys, ours=row.ours, actions=actions))
    return rows


def _packages(result: Packages, _target: Mapping[str, Any]) -> list[Row]:
    now = datetime.now(UTC)
    return [
        Row(
            row.reference,
            (
                row.reference,
                "Dockerfile" if row.dockerfile else humanize.short_id(row.digest),
                humanize.size(row.size, 3),
                humanize.ago(row.created, now),
                ", ".join(row.models) or "-",
                views.proof_of(row),
            ),
            (row.reference, row.digest, row.size, _time(row.created), ", ".join(row.models), row.proof),
            ours=True,
            actions=("delete", "copy") if row.dockerfile else ("run", "delete", "copy"),
        )
        for row in result.rows
    ]


def _models(result: Models, _target: Mapping[str, Any]) -> list[Row]:
    now = datetime.now(UTC)
    rows = []
    for row in result.rows:
        tags = ", ".join(f"{key}={value}" for key, value in row.tags.items()) or "-"
        cells = (row.name, str(row.version), humanize.ago(row.created, now), humanize.size(row.size, 3), tags)
        keys = (row.name, row.version, _time(row.created), row.size, tags)
        rows.append(Row(f"{row.name}:{row.version}", cells, keys, ours=True, actions=("delete", "copy")))
    return rows


def _services(result: Services, _target: Mapping[str, Any]) -> list[Row]:
    now = datetime.now(UTC)
    return [
        Row(
            one.name,
            (one.name, one.state, one.scoring_uri if not one.ended else "-", one.image, humanize.ago(one.started, now)),
            (one.name, one.state, one.port, one.image, _time(one.started)),
            ours=True,
            actions=("open", *_deed(one), "copy"),
        )
        for one in result.rows
    ]


def _deed(one: Service) -> tuple[str, ...]:
    """Return what can be done to a service: one that `run` did not start is only to be looked at."""
    return () if not one.mine else ("delete",) if one.ended else ("kill",)


SOURCES: Mapping[str, Source] = {
    "models": Source(
        "Models",
        ("NAME", "VERSION", "CREATED", "SIZE", "TAGS"),
        _ask(models, "workspace"),
        _models,
        "No model is registered in this workspace.",
    ),
    "packages": Source(
        "Packages",
        ("REFERENCE", "DIGEST", "SIZE", "CREATED", "MODELS", "PROOF"),
        _ask(packages, "workspace"),
        _packages,
        "This workspace holds no package.",
    ),
    "images": Source(
        "Images",
        views.DOCKER_COLUMNS,
        _ask(images, "workspace", "engine"),
        _images,
        "The engine has no image.",
        marks=True,
    ),
    "services": Source(
        "Services",
        ("NAME", "STATE", "SCORE", "IMAGE", "STARTED"),
        _ask(services, "engine"),
        _services,
        "No service was started.",
    ),
}
