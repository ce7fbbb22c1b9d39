"""Start the script, or explain why it does not start (azure-differences.md 7.5)."""

import asyncio
import contextlib
import gc
import inspect
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

from ..observe import data_collector, exit_reason, log
from ..settings import Settings
from . import model_files, shims
from .entry_script import EntryError, EntryScript, find_models, load
from .tracebacks import of_user

EXIT_CODE = 3
"""The exit code of a failed boot, as Azure ML images have it."""


_SELDOM = 1_000_000
"""Allocations between garbage collections while a script loads."""


class BootError(Exception):
    """The script did not start; everything worth saying is in the log already.

    Its text is public: which line raised what, without the message.
    """


def boot(settings: Settings) -> EntryScript:
    """Import the entry script and call its init() once."""
    started = time.perf_counter()
    phase = "importing the entry script"
    try:
        shims.install()
        data_collector.start(settings)
        with _collecting_seldom():
            entry = load(settings)
            phase = "init()"
            result = entry.init()
            if inspect.isawaitable(result):
                asyncio.run(_awaited(result))
        phase = "importing the entry script"
        find_models(entry)
    except (Exception, SystemExit) as error:
        raise BootError(report(error, phase, settings)) from error
    entry.load_seconds = time.perf_counter() - started
    log.info(f"{settings.entry_script} is loaded, init() has returned after {entry.load_seconds:.2f} s")
    return entry


@contextlib.contextmanager
def _collecting_seldom() -> Iterator[None]:
    """Collect garbage rarely during imports, which saves a tenth of importing scikit-learn."""
    before = gc.get_threshold()
    gc.set_threshold(_SELDOM, *before[1:])
    try:
        yield
    finally:
        if gc.get_threshold()[0] == _SELDOM:  # unless the script has set its own threshold
            gc.set_threshold(*before)


def report(error: BaseException, phase: str, settings: Settings) -> str:
    """Log the traceback, the model folder, and last the likely cause; return the public part."""
    log.wait_for_readers()
    title = "User's init function failed" if phase == "init()" else "The entry script failed to load"
    log.error(f"{title}\n{of_user(error)}")
    log.error(f"The model folder:\n{model_files.tree(settings.model_dir)}")
    said = exit_reason.of_script(error, phase, settings.entry_path)
    exit_reason.write(said, likely_cause(error, phase, settings))
    return exit_reason.public_part(said)


def likely_cause(error: BaseException, phase: str, settings: Settings) -> str:
    """Return one line that says what to do, as far as the exception tells."""
    script = settings.entry_script
    missed = model_files.explain_miss(error, settings.model_dir)
    if missed:
        return missed
    if isinstance(error, EntryError):
        return f"{error}."
    if isinstance(error, ModuleNotFoundError):
        package = (error.name or str(error)).partition(".")[0]
        return (
            f"{phase} needs the module {error.name!r}, which is not in this environment; add the package that "
            f"provides {package!r} to its requirements, or its file to the source directory."
        )
    if isinstance(error, SyntaxError):
        return f"{Path(error.filename or script).name}, line {error.lineno}: {error.msg}."
    if isinstance(error, AttributeError) and "__main__" in str(error):
        return (
            f"the model was pickled with something defined in a notebook or script ({error}); move that "
            "definition into a module of the source directory, import it there, and save the model again."
        )
    if isinstance(error, KeyError) and str(error).strip("'").startswith("AZUREML_"):
        return f"{phase} reads the environment variable {error}, which is not set here."
    if isinstance(error, MemoryError):
        return f"{phase} ran out of memory; give the container more, or load a smaller model."
    if isinstance(error, SystemExit):
        return f"{phase} called sys.exit({error.code!r})."
    at_line = _last_line(error, settings)
    return f"{phase} raised {type(error).__name__}: {str(error).strip() or '(no message)'}{at_line}"


def _last_line(error: BaseException, settings: Settings) -> str:
    script = str(settings.entry_path)
    lines = [line.lineno for line in traceback.extract_tb(error.__traceback__) if line.filename == script]
    return f" ({Path(script).name}, line {lines[-1]})" if lines else ""


async def _awaited(result: object) -> None:
    if inspect.isawaitable(result):
        await result
