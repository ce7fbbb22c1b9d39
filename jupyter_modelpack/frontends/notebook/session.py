"""What a cell asks for, done with what this notebook used last.

Apart from the magics, so that loading these costs no more than their names.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_modelpack import opened
from jupyter_modelpack.commands import perform
from jupyter_modelpack.commands.grammar.parse import VerbCall
from jupyter_modelpack.commands.own_script import has_own
from jupyter_modelpack.commands.sample import is_json
from jupyter_modelpack.errors import Cancelled, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.frontends.notebook.frame_types import types_of
from jupyter_modelpack.frontends.notebook.last_used import LastUsed
from jupyter_modelpack.frontends.notebook.variable_json import as_json, as_records, is_expression
from jupyter_modelpack.frontends.render.presenter import TextPresenter, VerbTask
from jupyter_modelpack.frontends.widgets.detect import panels
from jupyter_modelpack.waiting import result_of, until

if TYPE_CHECKING:
    from jupyter_modelpack.commands.notebook_context import Notebook
    from jupyter_modelpack.frontends.notebook.watch import Watch


class Session:
    """One notebook.

    Args:
        shell: Its interactive shell.

    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._names: dict[str, Any] = shell.user_ns
        self._evaluate: Callable[[str], Any] = shell.ev
        self._memory = LastUsed()
        self._building: Future[Any] | None = None
        self._named: Path | None = None
        self._types: dict[str, str] = {}

    @cached_property
    def _watch(self) -> Watch:
        from jupyter_modelpack.frontends.notebook.watch import Watch  # noqa: PLC0415 - brings in the engine; a panel does not wait

        return Watch()

    def do(self, request: VerbCall, **more: Any) -> Any:
        """Do what `request` says; return what the cell shows."""
        name = request.presentation["bind"]
        if name is not None and not name.isidentifier():
            raise UsageError(f"--as: {name!r} is not a variable name.")
        if "package" in request.values:
            self._await_build(named="package" in request.given)
        made = request.verb.name == "package" and not has_own(request.values.get("script"), more.get("cell"))
        request = self._resolve(self._memory.fill(request), made=made)
        self._name_workspace(request)
        if request.verb.name == "package":
            if not request.values["dry_run"] and panels(self._shell):
                return self._in_panel(request, name, **more)
            request, more["notebook"] = self._take(request, more.get("cell"))
        elif request.verb.name == "capture":
            request, more["notebook"] = self._take(request, more.get("cell"))
        task = VerbTask(
            lambda report: self._perform(request, report, **more), lambda result: self._finish(result, name, request)
        )
        return self._shown(TextPresenter(sys.stdout).present(task), request)

    def _in_panel(self, request: VerbCall, name: str | None, **more: Any) -> None:
        """Build in the background; with a name, come back when it stands for the package that is being made."""
        from jupyter_modelpack.frontends.widgets.presenter import PanelPresenter  # noqa: PLC0415 - at first use

        presenter = PanelPresenter(self._shell, _target(request), block=bool(request.presentation.get("wait")))
        with presenter.shown():
            request, more["notebook"] = self._take(request, more.get("cell"))
        bound = threading.Event()

        def bind(made: Any) -> None:
            if name is not None:
                self._names[name] = made
            bound.set()

        task = VerbTask(
            lambda report: self._perform(request, report, made=bind, **more),
            lambda result: self._finish(result, name, request),
        )
        self._building = presenter.present(task)
        if name is not None:
            self._building.add_done_callback(lambda _done: bound.set())
            until(bound)

    def _take(self, request: VerbCall, cell: str | None) -> tuple[VerbCall, Notebook]:
        from jupyter_modelpack.frontends.notebook.snapshot import take  # noqa: PLC0415 - a panel does not wait for it

        return take(request, self._names, made=not has_own(request.values.get("script"), cell), types=self._types)

    def _await_build(self, *, named: bool) -> None:
        """Wait for the package that this notebook is making, so that all cells can be run in a row."""
        building = self._building
        if building is None or named:
            return
        if not building.done():
            _write("Waiting for the package that is being made ...")
        try:
            result_of(building)
        except Cancelled:
            self._building = None  # cancelled on purpose: the package before it is the last one again

    def _name_workspace(self, request: VerbCall) -> None:
        """Say which workspace is used, once, where it is one that no line names and the notebook's code has opened."""
        last = opened.last()
        if last is None or request.values.get("workspace") != str(last) or "workspace" in request.given:
            return
        from jupyter_modelpack.catalog.workspace_names import is_default  # noqa: PLC0415 - who has opened one has it

        if last != self._named and not is_default(last):
            _write(f"In workspace {last.name}, the one that this notebook opened last.")
        self._named = last

    def _resolve(self, request: VerbCall, *, made: bool) -> VerbCall:
        """Put a variable's value where its name was given as data or as a sample; a made script takes named columns."""
        found: dict[str, str] = {}
        self._types = {}
        for option in ("data", "sample"):
            text = request.values.get(option)
            if text and not is_json(text) and not Path(text).is_file() and is_expression(text, self._names):
                value = self._value(text)
                found[option] = (as_records if made and option == "sample" else as_json)(text, value)
                self._types = types_of(value) if made else {}
        return replace(request, values={**request.values, **found}) if found else request

    def _value(self, expression: str) -> Any:
        try:
            return self._evaluate(expression)
        except Exception as error:  # the boundary to the user's code
            raise UsageError(f"{expression}: {type(error).__name__}: {error}", code="bad-expression") from error

    def _perform(self, request: VerbCall, report: Reporter, **more: Any) -> Any:
        if request.verb.name == "package":
            request = self._watch.hurried(request)
            more["packaged"] = lambda made: self._watch.reload(made, report)
        result = perform(request, report, **more)
        self._watch.learn(request, result)
        self._watch.follow(result, report, self._memory.learn)
        return result

    def _finish(self, result: Any, name: str | None, request: VerbCall) -> Any:
        self._memory.learn(result, request.values)
        if name is not None:
            self._names[name] = getattr(result, "handle", result)
        return result

    def _shown(self, result: Any, request: VerbCall) -> Any:
        from jupyter_modelpack.frontends.render import views  # noqa: PLC0415 - a panel does not wait for it
        from jupyter_modelpack.frontends.render.mime_bundle import Shown  # noqa: PLC0415

        try:
            views.follow(result, _write)
        except KeyboardInterrupt:
            return None  # it is how one stops following a log
        if panels(self._shell):
            from jupyter_modelpack.frontends.widgets.panels import panel_of  # noqa: PLC0415 - at first use

            panel = panel_of(result, _target(request))
            if panel is not None:
                return panel
        return Shown(result) if views.view(result) else None


def _target(request: VerbCall) -> dict[str, Any]:
    """Return the workspace and the engine that were named."""
    return {name: request.values.get(name) for name in ("workspace", "engine")}


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
