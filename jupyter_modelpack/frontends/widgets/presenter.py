"""Jobs shown in a panel: the cell ends at once, the work goes on."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from typing import Any

from jupyter_modelpack.events import Reporter
from jupyter_modelpack.frontends.presenter import CANCEL_SECONDS, Job, cancelled
from jupyter_modelpack.frontends.widgets.output import Output
from jupyter_modelpack.frontends.widgets.package_panel import PackagePanel

_SHOWN_SECONDS = 5.0


class PanelPresenter:
    """Shows a build in a panel.

    Args:
        shell: The notebook's shell, for its output.
        where: Workspace and engine that were named.
        block: Whether to come back only when the build has ended.

    """

    def __init__(self, shell: Any, where: Mapping[str, Any], *, block: bool) -> None:
        self._shell, self._where, self._block = shell, where, block

    def present(self, job: Job) -> Future[Any]:
        """Show the panel, start `job`; return the build at once, or when it has ended."""
        stop = threading.Event()
        panel = PackagePanel(stop.set, self._where)
        output = Output(self._shell, panel)
        output.show()
        report, shown = Reporter(panel.take, stop), threading.Event()

        def work() -> Any:
            result = job.work(report)
            job.finish(result)
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
        building.result()
    except KeyboardInterrupt:
        stop.set()
        wait_for([building], CANCEL_SECONDS)
        if not building.done() or building.exception() is not None:
            raise cancelled(in_order=building.done()) from None
