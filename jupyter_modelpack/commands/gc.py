"""gc: free what no name needs."""

from __future__ import annotations

from typing import Annotated

from jupyter_modelpack import home
from jupyter_modelpack.commands import lookup, options
from jupyter_modelpack.commands.grammar.option import Option
from jupyter_modelpack.commands.results import Freed, Garbage
from jupyter_modelpack.events import Reporter

_DAY = 24 * 60 * 60


def gc(
    report: Reporter,
    *,
    dry_run: options.DryRun = False,
    older_than: Annotated[
        int | None,
        Option("Also layers of packages that no build has used for so many days", between=(0, 36_500), metavar="DAYS"),
    ] = None,
    workspace: options.Workspace = None,
) -> Garbage:
    """Remove blobs that nothing needs from the workspace and this machine's cache; builds may go on meanwhile.

    Images that were written out to run without a container go, too, unless something runs in them.
    With `older_than`, layers of packages that no build has used for so many days leave the cache too. What it remembers
    of layers that are gone goes with them.
    """
    from jupyter_modelpack.builder.cache_notes import collect_notes
    from jupyter_modelpack.builder.local_run import run_folders
    from jupyter_modelpack.builder.wheels.layer_cache import kept_layers
    from jupyter_modelpack.errors import UsageError
    from jupyter_modelpack.store.gc import collect
    from jupyter_modelpack.store.layout import Layout

    if older_than is not None and older_than < 0:
        raise UsageError(f"--older-than takes a number of days, not {older_than}.")
    ws = lookup.workspace(workspace)
    report.stage("gc", f"Collecting in the workspace at {ws.path}")
    found = collect(ws.store, report, dry_run=dry_run)
    rows = [Freed("workspace", found.blobs, found.bytes)]
    if (home.cache() / "oci-layout").exists():
        cache = Layout(home.cache())
        report.stage("gc", f"Collecting in the cache at {cache.path}")
        unused = None if older_than is None else older_than * _DAY
        found = collect(cache, report, lambda: kept_layers(cache, unused), dry_run=dry_run)
        rows.append(Freed("cache", found.blobs, found.bytes))
        count, size = collect_notes(cache, unused, going=found.digests if dry_run else None)
        if count:
            rows.append(Freed("notes", count, size))
    count, size = run_folders.collect(dry_run=dry_run)
    if count:
        rows.append(Freed("processes", count, size))
    return Garbage(ws.name, tuple(rows), dry_run)
