"""delete: packages, models, environments or ended services, by their names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

from jupyter_modelpack.commands import lookup, options
from jupyter_modelpack.commands.grammar.option import Option
from jupyter_modelpack.commands.results import Deleted
from jupyter_modelpack.errors import Conflict, UsageError
from jupyter_modelpack.events import Reporter

if TYPE_CHECKING:
    from jupyter_modelpack.api.workspace import Workspace
    from jupyter_modelpack.catalog.package_record import PackageRecord
    from jupyter_modelpack.oci.manifest import Index


def delete(
    _report: Reporter,
    *,
    kind: Annotated[
        str | None,
        Option(
            "What to delete", positional=True, metavar="KIND", choices=("package", "model", "environment", "service")
        ),
    ] = None,
    names: Annotated[
        tuple[str, ...],
        Option(
            "Names, as any verb takes them; a model or an environment without :VERSION means its latest version",
            positional=True,
            metavar="NAME",
            completes="kind",
        ),
    ] = (),
    keep_last: Annotated[
        int | None,
        Option(
            "Packages only: those that are not among the newest so many of their name",
            between=(0, 1_000_000),
            metavar="COUNT",
        ),
    ] = None,
    older_than: Annotated[
        int | None,
        Option("Packages only: those that were made more than so many days ago", between=(0, 36_500), metavar="DAYS"),
    ] = None,
    dry_run: options.DryRun = False,
    workspace: options.Workspace = None,
    engine: options.Engine = None,
) -> Deleted:
    """Delete what is named, all of it or nothing; what only that needed is freed by gc.

    With `keep_last` or `older_than`, packages to which it applies, of the names given or of all; with both, those
    to which both apply. The engine keeps its images.
    """
    if kind is None:
        raise UsageError("delete needs to know what: package, model, environment or service.", hint=_EXAMPLE)
    by_rule = keep_last is not None or older_than is not None
    if by_rule and kind != "package":
        raise UsageError(
            f"--keep-last and --older-than choose among packages; a {kind} is deleted by its name.",
            hint=f"delete {kind} NAME",
        )
    if not names and not by_rule:
        raise UsageError(f"delete {kind} needs a name.", hint=_EXAMPLE)
    if kind == "service":
        return _services(engine, names, dry_run=dry_run)
    ws = lookup.workspace(workspace)
    if kind == "package":
        records = _by_rule(ws, names, keep_last, older_than) if by_rule else _named(ws, names)
        return _packages(ws, records, dry_run=dry_run)
    return (_models if kind == "model" else _environments)(ws, names, dry_run=dry_run)


_EXAMPLE = "delete package package:20261122, for example; see what there is with: packages, models, services."


def _named(ws: Workspace, names: Sequence[str]) -> list[PackageRecord]:
    found = [lookup.package(ws, name).record for name in names]
    return list({record.name: record for record in found}.values())


def _by_rule(ws: Workspace, names: Sequence[str], keep_last: int | None, older_than: int | None) -> list[PackageRecord]:
    """Return the packages to which the rules apply, newest first."""
    repositories = {_repository(record.name) for record in _named(ws, names)}
    limit = None if older_than is None else datetime.now(UTC) - timedelta(days=older_than)
    seen: dict[str, int] = {}
    found = []
    for package in ws.packages:
        record = package.record
        repository = _repository(record.name)
        seen[repository] = seen.get(repository, 0) + 1
        too_many = keep_last is None or seen[repository] > keep_last
        # What does not say when it was made is no older than anything.
        too_old = limit is None or (record.created is not None and record.created < limit)
        if too_many and too_old and (not names or repository in repositories):
            found.append(record)
    return found


def _repository(name: str) -> str:
    return name.rpartition(":")[0]


def _packages(ws: Workspace, records: Sequence[PackageRecord], *, dry_run: bool) -> Deleted:
    from jupyter_modelpack.catalog import delete as deleting

    return _done(
        ws,
        "package",
        [record.name for record in records],
        deleting.without_packages(ws.store, ws.store.index(), records),
        None if dry_run or not records else lambda: deleting.forget_packages(ws, records),
    )


def _models(ws: Workspace, names: Sequence[str], *, dry_run: bool) -> Deleted:
    from jupyter_modelpack.catalog import delete as deleting

    models = list({model.id: model for model in (lookup.model(ws, name) for name in names)}.values())
    if dry_run:
        deleting.refuse_used_models(ws, [model.part() for model in models])
    after = ws.store.without(ws.store.index(), [f"models/{model.id}" for model in models])
    forget = None if dry_run else lambda: deleting.forget_models(ws, [model.part() for model in models])
    return _done(ws, "model", [model.id for model in models], after, forget)


def _environments(ws: Workspace, names: Sequence[str], *, dry_run: bool) -> Deleted:
    from jupyter_modelpack.catalog import delete as deleting

    found = [lookup.environment(ws, name) for name in names]
    ids = list(dict.fromkeys(f"{one.name}:{one.version}" for one in found))
    forget = None if dry_run else lambda: deleting.forget_environments(ws, ids)
    after = ws.store.without(ws.store.index(), [f"environments/{one}" for one in ids])
    return _done(ws, "environment", ids, after, forget)


def _done(ws: Workspace, kind: str, names: Sequence[str], after: Index, forget: Callable[[], None] | None) -> Deleted:
    """Do it, unless it is only to be said; return what gc frees then."""
    from jupyter_modelpack.catalog import delete as deleting

    space = deleting.space(ws.store, after)
    if forget is not None:
        forget()
    own, shared = (space.own, space.shared) if space else (None, 0)
    return Deleted(kind, tuple(names), forget is None, own, shared)


def _services(engine: str | None, names: Sequence[str], *, dry_run: bool) -> Deleted:
    from jupyter_modelpack.engine.base import check_mine

    chosen = lookup.engine(engine)
    found = {one.name: one for one in (lookup.service(chosen, name, None) for name in names)}
    for one in found.values():
        check_mine(one, "deleted")
        if not one.ended:
            raise Conflict(f"{one.name} is running.", hint=f"End it first: kill {one.name}.", code="running")
    if not dry_run:
        for one in found.values():
            chosen.remove(one)
    return Deleted("service", tuple(found), dry_run)
