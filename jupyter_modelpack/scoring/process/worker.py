"""One process that serves: sockets on a side thread, the script on the main thread."""

import asyncio
import os
import socket
import threading
import time
import traceback
from collections.abc import Callable

from ..app.application import Application
from ..describe.description import of_entry
from ..http.server import Server
from ..messages import problem
from ..observe import data_collector, log, tracing
from ..observe.metrics import Metrics
from ..observe.roster import Roster
from ..run.async_runner import AsyncRunner
from ..run.batch_runner import BatchRunner
from ..run.invoker import Scorer
from ..run.runner import Runner, block_alarms
from ..run.thread_runner import ThreadRunner
from ..script.entry_script import EntryScript
from ..settings import Settings
from .watchdog import Watchdog

AnyRunner = Runner | AsyncRunner | ThreadRunner

_STUCK_SECONDS = 1.0
"""Seconds a call may overrun its limit before it counts as uninterruptible."""

_LEAVE_SECONDS = 1.0
"""Seconds the main thread may take to end after the drain: threads of the script may never end."""


def serve(
    settings: Settings,
    listener: socket.socket,
    entry: EntryScript,
    stop_fd: int,
    closed: Callable[[], None],
    metrics: Metrics | None,
    roster: Roster,
    row: int,
) -> int:
    """Serve `entry` until the supervisor closes its end of `stop_fd`; give the exit code.

    `closed` is called when no new connection will be accepted any more; `row` is ours in `metrics` and `roster`.
    """
    runner = _runner_for(entry, settings)
    runner.scorer = Scorer(entry, settings)
    traces = tracing.start(settings)
    counters = metrics.counters(row) if metrics is not None else None
    if counters is not None:
        counters.begin(entry.load_seconds)
        if isinstance(runner, BatchRunner):
            runner.on_batch = counters.batch
    application = Application(
        settings,
        runner.submit,
        raw=entry.raw,
        described=of_entry(entry, settings.sample),
        models={name: of_entry(model) for name, model in entry.models.items()},
        metrics=metrics,
        counters=counters,
        collector=data_collector.active(),
        roster=roster,
    )
    server = Server(listener, application.handle, settings)
    server.admit = application.guard
    server.counters = counters
    watchdog = Watchdog(settings.call_limit)

    def tick() -> None:
        watchdog.feed()
        _replace_if_stuck(runner)

    server.on_tick = tick
    server.on_closed = closed
    failures: list[BaseException] = []

    def began() -> None:
        runner.loop = server.loop
        watchdog.feed()

    def sockets() -> None:
        block_alarms()
        try:
            asyncio.run(server.serve(stop_fd, started=began, drain_seconds=settings.drain_seconds))
        except BaseException as error:  # noqa: BLE001  a worker without sockets must end, whatever the reason
            failures.append(error)
            log.error("The worker's event loop failed\n" + "".join(traceback.format_exception(error)).rstrip())
        runner.stop()
        time.sleep(_LEAVE_SECONDS)
        os._exit(1 if failures else 0)

    os.register_at_fork(after_in_child=server.close_inherited)
    threading.Thread(target=sockets, name="modelpack-sockets", daemon=True).start()
    runner.run()
    if (keeps := data_collector.active()) is not None:
        keeps.close(_LEAVE_SECONDS / 2)
    if traces is not None:
        traces.close()
    return 1 if failures else 0


def serve_starting(
    settings: Settings, listener: socket.socket, stop_fd: int, closed: Callable[[], None], roster: Roster
) -> int:
    """Answer liveness and "not ready" while another process runs init(); call `closed` when workers may accept."""
    application = Application(settings, None, roster=roster)
    server = Server(listener, application.handle, settings)
    server.admit = application.guard
    server.on_closed = closed
    server.draining = True  # connections close after one response, so that the next request goes to a worker
    asyncio.run(server.serve(stop_fd, started=lambda: None, drain_seconds=1.0, brief=True))
    return 0


def _runner_for(entry: EntryScript, settings: Settings) -> AnyRunner:
    """Choose how run() is called: one call at a time unless the script or the setting says otherwise."""
    if entry.asynchronous:
        return AsyncRunner(settings)
    if entry.run_batch is not None:
        return BatchRunner(settings)
    return ThreadRunner(settings) if settings.threads > 1 else Runner(settings)


def _replace_if_stuck(runner: AnyRunner) -> None:
    """End this process when a call cannot be interrupted; the supervisor starts another one at once."""
    runner.expire()
    if runner.stuck_for < _STUCK_SECONDS:
        return
    log.error("run() cannot be interrupted: it sits in native code, or blocks an `async def`. This worker is replaced.")
    milliseconds = round(runner.settings.call_limit * 1000)
    for place, (request, respond) in enumerate(runner.abandon()):
        if request.abandoned:
            continue
        if place == 0:
            respond(problem(500, f"Scoring timeout after {milliseconds} ms", [(b"x-ms-run-function-failed", b"True")]))
        else:
            respond(problem(503, "The service is busy: its worker is being replaced.", [(b"retry-after", b"1")]))
    runner.loop.call_later(0.1, os._exit, 1)
    runner.since = 0.0
