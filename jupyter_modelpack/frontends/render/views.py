"""From a verb's result to what is shown; the only place that knows both."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from functools import singledispatch
from typing import Any

from jupyter_modelpack.commands.results import (
    Archived,
    Base,
    Capture,
    ClientProgram,
    Connected,
    Created,
    Deleted,
    Diagnosis,
    Garbage,
    Images,
    Killed,
    Loaded,
    Logs,
    Models,
    Overview,
    Packaged,
    PackageRow,
    Packages,
    Planned,
    Proved,
    Pulled,
    Pushed,
    Registered,
    Reloaded,
    Removed,
    Running,
    Saved,
    Scored,
    Script,
    Services,
    Serving,
    Soundness,
    Tried,
    Verified,
    Version,
)
from jupyter_modelpack.frontends.render import humanize
from jupyter_modelpack.frontends.render.view import Block, Fields, Line, Table, Tone, View, visible

DOCKER_COLUMNS = ("REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE")
_MARK = "*"
_WIDTH = 100
"""Longest answer that stays on one line."""

_TONES: dict[str, Tone] = {"ok": "good", "warn": "warn", "fail": "bad"}


@singledispatch
def view(result: Any) -> View:
    """Return what to show of a verb's result; empty when there is nothing to see."""
    raise NotImplementedError(f"no view for {type(result).__name__}")


def follow(result: Any, write: Callable[[str], None]) -> None:
    """Write the lines that a result goes on giving, as they come; for most there are none."""
    match result:
        case Logs(handle=lines) if lines is not None:
            for line in lines:
                write(visible(line))
        case Serving():
            ready = f"Serving at {result.address} until Ctrl-C; user name {result.username}."
            result.handle(lambda: write(ready), lambda line: write(visible(line)))
        case _:
            pass


@view.register
def _images(result: Images) -> View:
    marked = any(row.ours for row in result.rows) and not all(row.ours for row in result.rows)
    rows = [
        (
            row.repository,
            row.tag,
            humanize.short_id(row.id),
            humanize.ago(row.created),
            humanize.size(row.size, 3),
            *([_MARK if row.ours else ""] if marked else []),
        )
        for row in result.rows
    ]
    columns = (*DOCKER_COLUMNS, "") if marked else DOCKER_COLUMNS
    table = Table(columns, tuple(rows))
    return (table, Line(f"{_MARK} packaged here", "muted")) if marked else (table,)


@view.register
def _overview(result: Overview) -> View:
    parts = {"Models": result.models, "Packages": result.packages, "Images": result.images, "Services": result.services}
    return tuple(part for title, one in parts.items() for part in (Line(title, "good"), *view(one)))


@view.register
def _packages(result: Packages) -> View:
    rows = tuple(
        (
            row.reference,
            "Dockerfile" if row.dockerfile else humanize.short_id(row.digest),
            humanize.size(row.size, 3),
            humanize.ago(row.created),
            ", ".join(row.models) or "-",
            proof_of(row),
        )
        for row in result.rows
    )
    empty = f"Workspace {result.workspace} holds no package yet."
    return (Table(("REFERENCE", "DIGEST", "SIZE", "CREATED", "MODELS", "PROOF"), rows, empty=empty),)


def proof_of(row: PackageRow) -> str:
    """Return what a table says of a package's proof."""
    return row.proof.partition(",")[0] or "-"


@view.register
def _models(result: Models) -> View:
    rows = tuple(
        (
            row.name,
            str(row.version),
            humanize.ago(row.created),
            humanize.size(row.size, 3),
            ", ".join(f"{key}={value}" for key, value in row.tags.items()) or "-",
            row.description or "-",
        )
        for row in result.rows
    )
    empty = f"Workspace {result.workspace} holds no model yet."
    return (Table(("NAME", "VERSION", "CREATED", "SIZE", "TAGS", "DESCRIPTION"), rows, empty=empty),)


@view.register
def _registered(result: Registered) -> View:
    return (Line(f"Registered {result.model.name}:{result.model.version} ({humanize.size(result.model.size, 3)})"),)


@view.register
def _packaged(result: Packaged) -> View:
    if result.dockerfile:
        return (Line(f"{_packaged_as(result)} as a Dockerfile; save writes it to a folder.", "good"),)
    reused = [layer for layer in result.layers if layer.reused]
    fields = (
        ("reference", result.reference),
        ("digest", result.digest),
        ("size", humanize.size(result.size)),
        ("models", ", ".join(result.models) or "none"),
        (
            "reused",
            f"{len(reused)} of {len(result.layers)} layers, {humanize.size(sum(layer.size for layer in reused))}",
        ),
        ("engine", result.engine),
        *((("proof", result.proof.words),) if result.proof else ()),
        ("time", humanize.seconds(result.seconds)),
    )
    remedy = result.proof.remedy if result.proof else ""
    hint = (Line(f"{remedy}.", "muted"),) if remedy else ()
    return (Line(_packaged_as(result), "good"), Fields(fields), *hint)


def _packaged_as(result: Packaged) -> str:
    return f"{'Packaged before, unchanged:' if result.before else 'Packaged'} {result.reference}"


@view.register
def _planned(result: Planned) -> View:
    rows = tuple(
        (
            step.title,
            step.state,
            humanize.size(step.size, 3) if step.size else "-",
            humanize.size(step.download, 3) if step.download else "-" if step.state == "downloaded" else "",
        )
        for step in result.steps
    )
    tones: tuple[Tone, ...] = tuple("muted" if step.state == "kept" else "" for step in result.steps)
    unknown = any(step.state == "downloaded" and not step.download for step in result.steps)
    to_fetch = f"{'at least ' if unknown else ''}{humanize.size(result.download, 3)} to download"
    new = sum(step.state != "kept" for step in result.steps)
    slow = "" if result.bytecode else f" No Python {result.python} is here to compile with: it would start slower."
    return (
        Table(("LAYER", "STATE", "SIZE", "DOWNLOAD"), rows, tones),
        Line(f"Python {result.python} on {result.platform}: {new} of {len(rows)} to make, {to_fetch}.{slow}"),
        *(Line(remark, "warn") for remark in result.remarks),
    )


@view.register
def _capture(result: Capture) -> View:
    wide = max((len(line) for line, _ in result.rows), default=0)
    lines = [f"{line.ljust(wide)}  # {reason}" for line, reason in result.rows]
    return (Block(result.lock.rstrip() or "\n".join(lines) or "# no package of this Python is needed"),)


@view.register
def _tried(result: Tried) -> View:
    said = (Block(_pretty(result.value)),) if result.run_seconds is not None else ()
    took = "" if result.run_seconds is None else f", run(sample) took {humanize.seconds(result.run_seconds)}"
    hint = "" if took else " Give a --sample to try run(), too."
    return (
        Line(f"{result.script} works: init() took {humanize.seconds(result.init_seconds)}{took}.{hint}", "good"),
        *said,
        *(Line(f"{result.script}, {remark}", "warn") for remark in result.remarks),
        Line("Nothing was built: this was a dry run with the packages of this Python.", "muted"),
    )


@view.register
def _pulled(result: Pulled) -> View:
    state = f"is in {result.engine}" if result.engine else "needs no pull: the process engine runs it where it is"
    return (Line(f"{result.reference} {state}."),)


@view.register
def _pushed(result: Pushed) -> View:
    return (
        Line(f"Pushed {result.reference}", "good"),
        Fields((("digest", result.digest), ("time", humanize.seconds(result.seconds)))),
    )


@view.register
def _connected(result: Connected) -> View:
    registry = result.registry or f"its own registry, {result.own}"
    return (Line(f"Packages of workspace {result.workspace} go to {registry}.", "good" if result.registry else ""),)


@view.register
def _saved(result: Saved) -> View:
    return (
        Line(f"Wrote {len(result.files)} files to {result.folder}", "good"),
        Block("\n".join(result.files)),
        Line(f"Build it with: docker build --tag myimage {shlex.quote(str(result.folder))}"),
    )


@view.register
def _archived(result: Archived) -> View:
    file = result.folder / result.files[0]
    named = shlex.quote(str(file))
    return (
        Line(f"Wrote {result.reference} with {' and '.join(result.beside)} to {file}", "good"),
        Line(f"{humanize.size(result.size, 3)}; elsewhere: modelpack load {named}, or docker load --input {named}"),
    )


@view.register
def _loaded(result: Loaded) -> View:
    fields = (
        ("digest", result.digest),
        ("size", humanize.size(result.size, 3)),
        ("models", ", ".join(result.models) or "none"),
    )
    return (Line(f"Loaded {result.reference}", "good"), Fields(fields))


@view.register
def _running(result: Running) -> View:
    service = result.service
    first = "is running already" if result.before else f"answers after {humanize.seconds(result.seconds)}"
    return (
        Line(f"{service.name} {first}", "good"),
        Fields((("image", service.image), ("engine", service.engine), ("score", service.scoring_uri))),
        *((Line(result.trouble, "warn"),) if result.trouble else ()),
        *_keys(result.keys),
    )


def _keys(keys: tuple[str, ...]) -> View:
    if not keys:
        return ()
    said = "Other computers reach it with one of these keys (Authorization: Bearer KEY). They are shown this once."
    return (Line(said, "warn"), Fields((("key", keys[0]), ("second key", keys[1]))))


@view.register
def _reloaded(result: Reloaded) -> View:
    return (
        Line(f"{result.service.name} serves the new script after {humanize.seconds(result.seconds)}", "good"),
        Fields((("package", result.reference), ("score", result.service.scoring_uri))),
    )


@view.register
def _scored(result: Scored) -> View:
    return (
        Block(_pretty(result.value)),
        Line(f"{result.status} in {result.milliseconds:.1f} ms from {result.service}", "muted"),
    )


@view.register
def _client(result: ClientProgram) -> View:
    if result.written:
        return (Line(f"Wrote {result.file}; its first line says how to run it", "good"),)
    return (Block(result.text),)  # alone, so that it can go into a file: > client.py


def _pretty(value: Any) -> str:
    if isinstance(value, str):
        return value
    short = json.dumps(value, ensure_ascii=False)
    return short if len(short) <= _WIDTH else json.dumps(value, ensure_ascii=False, indent=2)


@view.register
def _logs(result: Logs) -> View:
    if result.handle is not None:
        return ()
    return (Block("\n".join(result.lines)),) if result.lines else (Line(f"{result.service.name} has written nothing."),)


@view.register
def _services(result: Services) -> View:
    rows = tuple(
        (
            row.name,
            row.state if row.exit_code is None else f"{row.state} ({row.exit_code})",
            str(row.port or "-"),
            humanize.ago(row.started),
            row.image,
        )
        for row in result.rows
    )
    empty = f"{result.engine} knows no service of ours."
    troubles = (Line(f"{name}: {trouble}", "warn") for name, trouble in result.troubles.items())
    return (Table(("NAME", "STATE", "PORT", "STARTED", "IMAGE"), rows, empty=empty), *troubles)


@view.register
def _killed(result: Killed) -> View:
    return (Line(f"{result.service.name} {'had ended before' if result.before else 'was killed'}."),)


@view.register
def _script(result: Script) -> View:
    return (Line(f"Wrote {result.path}; it needs: {', '.join(result.pip)}", "good"),)


@view.register
def _removed(result: Removed) -> View:
    gone = f", with the ended {', '.join(result.services)}" if result.services else ""
    return (Line(f"{result.image} was removed from {result.engine}{gone}."),)


@view.register
def _created(result: Created) -> View:
    called = shlex.quote(result.called)
    return (Line(f"Made workspace {result.name} at {result.path}; verbs use it with --workspace {called}", "good"),)


@view.register
def _deleted(result: Deleted) -> View:
    if not result.names:
        return (Line(f"No {result.kind} to delete."),)
    verb = "Would delete" if result.dry_run else "Deleted"
    lines = [Line(f"{verb} {result.kind} {name}", "" if result.dry_run else "good") for name in result.names]
    if result.kind == "service":
        return tuple(lines)
    if result.bytes is None:
        return (*lines, Line("What gc frees then cannot be said: a manifest is damaged. Run check.", "warn"))
    shared = f"; {humanize.size(result.shared, 3)} stay, for the cache has them, too" if result.shared else ""
    would = "would then free" if result.dry_run else "frees"
    return (*lines, Line(f"gc {would} {humanize.size(result.bytes, 3)}{shared}.", "muted"))


@view.register
def _base(result: Base) -> View:
    return (Line(f"{'There is' if result.before else 'Made'} {result.name} with Python {result.python}", "good"),)


@view.register
def _diagnosis(result: Diagnosis) -> View:
    rows = tuple((check.what, check.verdict, check.found) for check in result.checks)
    tones = tuple(_TONES[check.verdict] for check in result.checks)
    remedies = (Line(f"{check.what}: {check.remedy}", _TONES[check.verdict]) for check in result.checks if check.remedy)
    return (Table(("CHECK", "", "FOUND"), rows, tones), *remedies)


@view.register
def _soundness(result: Soundness) -> View:
    read = f"{result.blobs} blobs, {humanize.size(result.bytes, 3)} read"
    if not result.rows:
        return (Line(f"Workspace {result.workspace} is sound: {read}.", "good"),)
    rows = tuple(
        (row.where, row.fault, row.what, ", ".join(row.names) or "-", row.outcome or "run check --repair")
        for row in result.rows
    )
    tones: tuple[Tone, ...] = tuple("good" if row.mended else "bad" for row in result.rows)
    left = sum(not row.mended for row in result.rows)
    last = Line(f"{left} of {len(rows)} findings remain; {read}.", "bad") if left else Line(f"Mended; {read}.", "good")
    return (Table(("STORE", "FAULT", "WHAT", "NEEDED BY", "OUTCOME"), rows, tones), last)


@view.register
def _verified(result: Verified) -> View:
    took = f"({humanize.seconds(result.seconds)})"
    if result.sound:
        return (Line(f"{result.reference} made again is the same, {result.digest} {took}", "good"),)
    rows = tuple((row.what, row.why) for row in result.rows)
    first = Line(f"{result.reference} made again is not the same {took}", "bad")
    return (first, Table(("DIFFERS", "BECAUSE"), rows))


@view.register
def _proved(result: Proved) -> View:
    line = f"{result.reference} is {result.proof.words} ({humanize.seconds(result.seconds)})"
    return (Line(line, "good"), Line(f"It was run by {result.proof.engine}.", "muted"))


@view.register
def _garbage(result: Garbage) -> View:
    verb = "would be freed" if result.dry_run else "freed"
    rows = tuple((row.where, str(row.blobs), humanize.size(row.bytes, 3)) for row in result.rows)
    total = humanize.size(sum(row.bytes for row in result.rows), 3)
    return (Table(("STORE", "BLOBS", "SIZE"), rows), Line(f"{total} {verb}."))


@view.register
def _serving(_result: Serving) -> View:
    return ()


@view.register
def _version(result: Version) -> View:
    return (Line(f"modelpack {result.version}, Python {result.python}"),)
