"""The program of a dry run: load an entry script and score one sample, as a service would.

Run as a file, ``python -P dry_run_program.py FOLDER``, by the notebook's own interpreter: FOLDER is the
scoring server's source, the sample comes on stdin, environment variables have the rest, as in an image. What
the script prints goes to stderr; the outcome goes to stdout, as JSON. With one more argument, ``twice``, the sample is
scored a second time, which tells whether the script answers the same again.
"""

import asyncio
import faulthandler
import importlib
import importlib.util
import inspect
import json
import operator
import os
import sys
import time
import types
from pathlib import Path
from typing import Any

SERVER = "modelpack_scoring"
SECONDS = 600
"""Seconds until the program ends with a traceback of what it waits for."""


def main(package: Path, *, twice: bool = False) -> None:
    """Try the script and report the outcome, which may be a failure of the script."""
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr] # it is a text file here
    faulthandler.dump_traceback_later(SECONDS, exit=True)
    _provide(package)
    outcome = attempt(sys.stdin.buffer.read(), twice=twice)
    sys.stdout.flush()
    with answer:
        json.dump(outcome, answer)


def attempt(sample: bytes, *, twice: bool = False) -> dict[str, Any]:
    """Load the script, call init() and, if there is a sample, run()."""
    settings, exit_reason = map(_part, ("settings", "observe.exit_reason"))
    startup, entry_script, shims, tracebacks = (
        _part(f"script.{name}") for name in ("startup", "entry_script", "shims", "tracebacks")
    )
    known = settings.Settings.from_environment(os.environ)
    phase, started = "importing the entry script", time.perf_counter()
    try:
        shims.install()
        loaded = entry_script.load(known)
        phase, started = "init()", time.perf_counter()
        result = loaded.init()
        if inspect.isawaitable(result):
            asyncio.run(_awaited(result))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the boundary to the user's code
        seen = error.with_traceback(error.__traceback__.tb_next if error.__traceback__ else None)
        cause = startup.likely_cause(error, phase, known)
        said = {**exit_reason.of_script(error, phase, known.entry_path), "cause": cause}
        return {"failed": cause, "ending": said, "traceback": tracebacks.of_user(seen)}
    outcome: dict[str, Any] = {"init": time.perf_counter() - started}
    if not sample:
        return outcome
    outcome |= _scored(loaded, known, sample)
    if twice and "failed" not in outcome:
        outcome["again"] = _scored(loaded, known, sample).get("text")
    return outcome


def _scored(loaded: Any, known: Any, sample: bytes) -> dict[str, Any]:
    log, messages, scorer = map(_part, ("observe.log", "messages", "run.invoker"))
    said: list[str] = []
    vars(log)["error"] = said.append  # the answer is what a service would log
    performer = scorer.Scorer(loaded, known)
    request = messages.Request("POST", "/score", b"", {b"content-type": b"application/json"}, sample)
    started = time.perf_counter()
    if loaded.asynchronous:
        response = asyncio.run(performer.perform_async(request))
    else:
        response = performer.perform(request, operator.call)
    found = {"run": time.perf_counter() - started, "status": response.status, "text": _text(response.body)}
    if response.stream is not None:
        found["streamed"] = True
    if response.status < 400:
        return found
    traceback = said[0].partition("\n")[2] if said else ""
    last = traceback.splitlines()[-1] if traceback else said[0] if said else _message(response.body)
    cause = f"{last} {' '.join(said[1:])}".rstrip()
    return {**found, "failed": f"run() answered {response.status}: {cause}", "traceback": traceback}


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return _text(body)


def _text(body: bytes) -> str:
    return body.decode("utf-8", "backslashreplace")


async def _awaited(result: Any) -> None:
    await result


def _part(name: str) -> types.ModuleType:
    return importlib.import_module(f"{SERVER}.{name}")


def _provide(package: Path) -> None:
    """Make the scoring server importable under its name, also where orjson is not installed."""
    spec = importlib.util.spec_from_file_location(
        SERVER, package / "__init__.py", submodule_search_locations=[str(package)]
    )
    assert spec is not None and spec.loader is not None  # noqa: S101, PT018 - for the type checker
    module = importlib.util.module_from_spec(spec)
    sys.modules[SERVER] = module
    spec.loader.exec_module(module)
    if importlib.util.find_spec("orjson") is None:
        sys.modules["orjson"] = _plain_json()


def _plain_json() -> types.ModuleType:
    """Stand in for orjson; the server encodes what it refuses by slower code of its own."""

    def dumps(*_value: object) -> bytes:
        raise TypeError

    module = types.ModuleType("orjson")
    vars(module).update(
        dumps=dumps,
        loads=json.loads,
        JSONDecodeError=json.JSONDecodeError,
        OPT_SERIALIZE_NUMPY=0,
        OPT_NON_STR_KEYS=0,
    )
    return module


if __name__ == "__main__":
    main(Path(sys.argv[1]), twice="twice" in sys.argv[2:])
