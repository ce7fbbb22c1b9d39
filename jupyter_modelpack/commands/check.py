"""check: is everything in the store what it should be, and what can be mended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from jupyter_modelpack import home
from jupyter_modelpack.commands import lookup, options
from jupyter_modelpack.commands.grammar.option import Option
from jupyter_modelpack.commands.results import Soundness, StoreFault
from jupyter_modelpack.events import Reporter

if TYPE_CHECKING:
    from jupyter_modelpack.store.check import Finding
    from jupyter_modelpack.store.layout import Layout


def check(
    report: Reporter,
    *,
    repair: Annotated[bool, Option("Set damaged blobs aside, and restore them from where they are whole")] = False,
    workspace: options.Workspace = None,
) -> Soundness:
    """Read every blob of the workspace and of this machine's cache; with `repair`, mend what can be mended."""
    from jupyter_modelpack.store.check import check as examine
    from jupyter_modelpack.store.layout import Layout

    ws = lookup.workspace(workspace)
    stores = {"workspace": ws.store}
    if (home.cache() / "oci-layout").exists():
        stores["cache"] = Layout(home.cache())
    rows: list[StoreFault] = []
    blobs = size = 0
    for title, store in stores.items():
        report.stage("check", f"Reading the {title} at {store.path}")
        found = examine(store, report)
        blobs, size = blobs + found.blobs, size + found.bytes
        if repair:
            rows += _repair(title, store, found.findings)
        else:
            rows += [StoreFault(title, one.fault, one.what, one.names) for one in found.findings]
    return Soundness(ws.name, blobs, size, tuple(rows), all(row.mended for row in rows))


def _repair(title: str, store: Layout, findings: tuple[Finding, ...]) -> list[StoreFault]:
    from jupyter_modelpack.store.repair import repair as mend

    rows = []
    for one in mend(store, findings, _others(store)):
        finding = one.finding
        if one.source:
            outcome = f"restored from {one.source}"
        elif finding.fault == "temporary":
            outcome = "removed"
        elif one.done:
            outcome = "set aside; nothing needs it"
        else:
            outcome = _remedy(finding.names, title)
        rows.append(StoreFault(title, finding.fault, finding.what, finding.names, outcome, one.done))
    return rows


def _remedy(names: tuple[str, ...], title: str) -> str:
    if title == "cache":
        return "nowhere whole: name the base image again, or run modelpack base --again"
    if any(name.startswith("models/") for name in names):
        return "nowhere whole: register the model again, then package"
    return "nowhere whole: package again"


def _others(store: Layout) -> list[Layout]:
    """Return the other stores of this machine: the cache first, then the workspaces."""
    from jupyter_modelpack.errors import ModelpackError
    from jupyter_modelpack.store.layout import Layout

    folders: list[Path] = [home.cache(), *sorted(home.workspaces().glob("*"))]
    found = []
    for folder in folders:
        if folder != store.path and (folder / "oci-layout").exists():
            try:
                found.append(Layout(folder))
            except ModelpackError:  # one that cannot be read has nothing to give
                continue
    return found
