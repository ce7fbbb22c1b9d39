"""Jobs shown in a panel: the cell ends at once, the work goes on."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import contextmanager
from typing import Any

from jupyter_modelpack.events import Reporter
from jupyter_modelpack.frontends.render.presenter import CANCEL_SECONDS, VerbTask, cancelled
from jupyter_modelpack.frontends.widgets.output import Output
from jupyter_modelpack.frontends.widgets.package_panel import PackagePanel
from jupyter_modelpack.waiting import result_of

_SHOWN_SECONDS = 5.0


class PanelPresenter:
    """Shows a build in a panel.

    Args:
        shell: The notebook's shell, for its output.
        target: Workspace and engine that were named.
        block: Whether to come back only when the build has ended.

    """

    def __init__(self, shell: Any, target: Mapping[str, Any], *, block: bool) -> None:
        self._block, self._stop = block, threading.Event()
        self._panel = PackagePanel(self._stop.set, target)
        self._output = Output(shell, self._panel)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the panel while the cell gets its task ready; take it back when nothing comes of that."""
        self._output.show()
        try:
            yield
        except BaseException:
            self._output.withdraw()
            raise

    def present(self, task: VerbTask) -> Future[Any]:
        """Start `task`, whose panel is shown; return the build at once, or when it has ended."""
        stop, panel, output = self._stop, self._panel, self._output
        report, shown = Reporter(panel.take, stop), threading.Event()

        def work() -> Any:
            result = task.work(report)
            task.finish(result)
            return result

        def ended(done: Future[Any]) -> None:
            error = done.exception()
            if error is None:
                panel.succeed(done.result())
            else:
                panel.fail(error)
            output.renew()
            shown.set()

        # An executor's thread, as the build's own is: who ends the kernel does not tear it in the middle.
        executor = ThreadPoolExecutor(1, "modelpack-job")
        building = executor.submit(work)
        building.add_done_callback(ended)
        executor.shutdown(wait=False)
        if self._block:
            try:
                _wait(building, stop)
            finally:
                shown.wait(_SHOWN_SECONDS)  # the cell's output is whole when the cell has ended
        return building


def _wait(building: Future[Any], stop: threading.Event) -> None:
    try:
        result_of(building)
    except KeyboardInterrupt:
        stop.set()
        wait_for([building], CANCEL_SECONDS)
        if not building.done() or building.exception() is not None:
            raise cancelled(in_order=building.done()) from None
