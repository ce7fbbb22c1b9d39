"""The panel of a build: stages, log and Cancel while it goes on; what was made, with Run, when it is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from traitlets import Dict, Unicode

from jupyter_modelpack.errors import Cancelled
from jupyter_modelpack.events import Event, Log, Stage
from jupyter_modelpack.frontends.live import sanitize
from jupyter_modelpack.frontends.live.build_state import BuildState
from jupyter_modelpack.frontends.live.error import error_json
from jupyter_modelpack.frontends.live.line_feed import Feed
from jupyter_modelpack.frontends.render import humanize
from jupyter_modelpack.frontends.render.view import Line, View
from jupyter_modelpack.frontends.widgets import esm
from jupyter_modelpack.frontends.widgets.panel import Action, Panel, said_of

if TYPE_CHECKING:
    from jupyter_modelpack.commands.results import Packaged
    from jupyter_modelpack.frontends.widgets.service_panel import ServicePanel


LAST_LINES = 8
"""Lines of the log beside a failure that brings none of its own."""


class PackagePanel(Panel):
    """A build that goes on, or has ended.

    Args:
        cancel: Asks the build to stop.
        target: Workspace and engine that were named, for what is done with the package later.

    Attributes:
        status: What the page shows of the build: its state, stages and seconds.
        made: The package, once there is one.
        failed: What went wrong, if something did.
        news: How far a push or a file is.

    """

    _esm = Unicode(esm.module("package")).tag(sync=True)

    status = Dict().tag(sync=True)
    made = Dict().tag(sync=True)
    failed = Dict().tag(sync=True)
    news = Unicode("").tag(sync=True)

    def __init__(self, cancel: Callable[[], None], target: Mapping[str, Any] | None = None) -> None:
        self._cancel, self._target = cancel, dict(target or {})
        self._build, self._state = BuildState(), "running"
        self._packaged: Packaged | None = None
        self._error: BaseException | None = None
        self._last: tuple[str, ...] = ()
        self._service: ServicePanel | None = None
        super().__init__(status=self._status())
        self._feed = Feed(self._hand_on)

    # --- the build's side: from any thread ---

    def take(self, event: Event) -> None:
        """Show one event."""
        self._build.take(event)
        match event:
            case Stage(title=title):
                self._feed.line(f"==> {title}")
            case Log(text):
                self._feed.line(text)
            case _:
                self._feed.touch()

    def succeed(self, result: Packaged) -> None:
        """Show what was made."""
        self._packaged = result
        self.made = sanitize.data(facts(result))
        self._end("done")

    def fail(self, error: BaseException) -> None:
        """Show why nothing was made."""
        self._error = error
        self._last = () if isinstance(error, Cancelled) else tuple(self._feed.backlog()[1][-LAST_LINES:])
        said = error_json(error)
        self.failed = {**said, "lines": said["lines"] or list(self._last)}
        self._end("cancelled" if isinstance(error, Cancelled) else "failed")

    def close(self) -> None:
        """Show nothing any more."""
        self._feed.close()
        super().close()

    def _end(self, state: str) -> None:
        self._state = state
        self._build.end(state)
        self._feed.touch()
        self._feed.close()

    def _hand_on(self, first: int, lines: Sequence[str]) -> None:
        self.status = self._status()
        if lines:
            kept, backlog = self._feed.backlog()
            self.backlog = {"first": kept, "lines": backlog}
            self.send({"log": lines, "first": first})

    def _status(self) -> dict[str, Any]:
        return sanitize.data({"state": self._state, "seconds": self._build.elapsed, "stages": self._build.rows()})

    # --- the page's side ---

    def actions(self) -> Mapping[str, Action]:
        """Return what the page may ask for."""
        return {
            "cancel": self._stop,
            "run": self._run,
            "show": self._show,
            "kill": self._kill,
            "push": self._push,
            "save": self._save,
        }

    def _stop(self, _asked: Mapping[str, Any]) -> None:
        self._cancel()

    def _run(self, _asked: Mapping[str, Any]) -> str:
        from jupyter_modelpack.frontends.live import start  # noqa: PLC0415 - brings in the engine
        from jupyter_modelpack.frontends.widgets.service_panel import ServicePanel  # noqa: PLC0415

        done = start.start(self._reference(), self._target)
        self._service = ServicePanel(done.service)
        self.child = self._service.model_id or ""
        return start.sentence(done)

    def _show(self, asked: Mapping[str, Any]) -> None:
        if self._service is not None:
            self._service.bring(str(asked.get("what")))

    def _kill(self, _asked: Mapping[str, Any]) -> str:
        return self._service.kill() if self._service else ""

    def _push(self, asked: Mapping[str, Any]) -> str:
        from jupyter_modelpack.frontends.live import actions as hand_on  # noqa: PLC0415 - a new panel does not wait for it

        if self._packaged is None:
            return ""
        workspace = self._target.get("workspace")
        try:
            return hand_on.to_registry(self._packaged, str(asked.get("target")), workspace, self._tell)
        finally:
            self.news = ""

    def _save(self, asked: Mapping[str, Any]) -> str:
        from jupyter_modelpack.frontends.live import actions as hand_on  # noqa: PLC0415 - as above

        if self._packaged is None:
            return ""
        workspace = self._target.get("workspace")
        try:
            return hand_on.to_disk(self._packaged, str(asked.get("file")), workspace, self._tell)
        finally:
            self.news = ""

    def _tell(self, text: str) -> None:
        self.news = sanitize.data(text)

    def _reference(self) -> str:
        return self._packaged.reference if self._packaged else ""

    # --- the twin ---

    def view(self) -> View:
        """Return the build as the saved notebook shows it."""
        if self._packaged is not None:
            from jupyter_modelpack.frontends.render import views  # noqa: PLC0415 - knows every verb; a new panel need not

            return views.view(self._packaged)
        if self._error is None:
            return (Line("Packaging in the background ..."),)
        return said_of(self._error, self._last)


def facts(result: Packaged) -> dict[str, Any]:
    """Return what the page shows of a finished package."""
    from jupyter_modelpack.proof.result import NO_SAMPLE  # noqa: PLC0415 - a new panel does not wait for it

    name, proof = result.reference.partition("/")[2], result.proof or NO_SAMPLE
    return {
        "reference": result.reference,
        "digest": result.digest,
        "size": humanize.size(result.size),
        "models": list(result.models),
        "engine": result.engine,
        "dockerfile": result.dockerfile,
        "time": humanize.seconds(result.seconds),
        "before": result.before,
        "file": "imagefiles" if result.dockerfile else f"{name.replace('/', '-').replace(':', '-')}.tar",
        "target": "",
        "proof": "" if result.dockerfile else proof.words,
        "remedy": proof.remedy,
        "ago": humanize.ago(result.handle.created_time),
        "layers": [
            {"title": layer.title, "bytes": layer.size, "size": humanize.size(layer.size, 3), "reused": layer.reused}
            for layer in result.layers
        ],
    }
