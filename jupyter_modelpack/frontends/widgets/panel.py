"""What all panels share: requests from the page, answers, text and HTML twins in the saved notebook."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from traitlets import Dict, Unicode

from jupyter_modelpack.errors import Cancelled
from jupyter_modelpack.frontends.live import sanitize
from jupyter_modelpack.frontends.live.error import error_json
from jupyter_modelpack.frontends.render import html as markup
from jupyter_modelpack.frontends.render import text as plain
from jupyter_modelpack.frontends.render.view import Block, Line, Tone, View
from jupyter_modelpack.frontends.widgets.widget import ModuleWidget

WIDGET = "application/vnd.jupyter.widget-view+json"

PRESENT_SECONDS = 25.0
"""How long a page counts as watching after it last said so; it says so every ten seconds."""

_pool = ThreadPoolExecutor(8, "modelpack-panel")
"""Where requests are answered: a kernel that waits for a model would answer nobody else."""

Action = Callable[[Mapping[str, Any]], Any]


class Panel(ModuleWidget):
    """A panel; the page asks for an action by name and gets its result or what went wrong.

    Attributes:
        backlog: The last lines of the log with the number of the first, for views that come later.
        child: Model id of a panel to be shown inside this one.

    """

    backlog = Dict().tag(sync=True)
    child = Unicode("").tag(sync=True)

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self._seen = 0.0
        self.on_msg(self._heard)

    def actions(self) -> Mapping[str, Action]:
        """Return what the page may ask for."""
        return {}

    def view(self) -> View:
        """Return what the saved notebook shows where no panel can be."""
        return ()

    def watched(self) -> None:
        """Hear that a page shows this panel now."""

    @property
    def shown(self) -> bool:
        """Whether a page shows this panel."""
        return time.monotonic() - self._seen < PRESENT_SECONDS

    def bundle(self) -> dict[str, Any]:
        """Return the panel with its twins, as a cell's output."""
        view = self.view()
        return {
            WIDGET: {"version_major": 2, "version_minor": 0, "model_id": self.model_id},
            "text/plain": plain.text(view),
            "text/html": markup.html(view),
        }

    def _repr_mimebundle_(self, **_wanted: object) -> tuple[dict[str, Any], dict[str, Any]]:
        return self.bundle(), {}

    def _heard(self, _panel: object, content: Any, _buffers: object) -> None:
        if not isinstance(content, dict):
            return
        if content.get("ask") == "here":
            self._seen = time.monotonic()
            self.watched()
            return
        action, number = self.actions().get(str(content.get("ask"))), content.get("id")
        if action is None:
            return
        # The future takes what the action raises, so that nothing is lost in a thread.
        _pool.submit(action, content).add_done_callback(lambda done: self.send({"id": number, **_answer(done)}))


def _answer(done: Future[Any]) -> dict[str, Any]:
    error = done.exception()
    if error is None:
        return {"value": sanitize.data(done.result())}
    return {"error": error_json(error)}


def said_of(error: BaseException, log: Sequence[str] = ()) -> View:
    """Return an error as the saved notebook shows it: the message, its last lines or those of `log`, the remedy."""
    said = error_json(error)
    tone: Tone = "muted" if isinstance(error, Cancelled) else "bad"
    last = said["lines"] or log
    lines = [Block("\n".join(last))] if last else []
    hint = [Line(line, "muted") for line in said["hint"].splitlines()]
    return (*(Line(line, tone) for line in said["message"].splitlines()), *lines, *hint)
