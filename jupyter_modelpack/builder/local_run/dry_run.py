"""Try the entry script in a process of this Python, before anything is built.

The script finds its files, models and variables where it would in the image; its packages are those
of the interpreter that runs us, which in a notebook are the ones the model was made with.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jupyter_modelpack import home
from jupyter_modelpack.builder.app_layer import app_variables, write_files
from jupyter_modelpack.builder.recipe import Recipe
from jupyter_modelpack.builder.run_tool import run_tool
from jupyter_modelpack.engine import exit_reason
from jupyter_modelpack.engine.process.engine import inherited
from jupyter_modelpack.errors import BuildFailed
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.image_contract import APP_ROOT, APP_VARIABLES, LAYER_KIND
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.unpack import unpack
from jupyter_modelpack.store.files import temporary_folder
from jupyter_modelpack.store.layout import Layout

_PROGRAM = Path(__file__).with_name("dry_run_program.py")
_CORRECT = "Correct the script, and run the cell again."
_SCORING = Path(__file__).parents[2] / "scoring"


@dataclass(frozen=True, slots=True)
class Trial:
    """The result of a successful dry run.

    Attributes:
        init_seconds: How long init() took.
        run_seconds: How long run(sample) took; None when there was no sample.
        text: Its answer, as a client would get it.
        again: Its answer to the same sample a second time; None where that was not asked for.
        streamed: Whether it answers by a generator, which is not run to its end here: the text is empty.
    """

    init_seconds: float
    run_seconds: float | None = None
    text: str | None = None
    again: str | None = None
    streamed: bool = False


class DryRunFailed(BuildFailed):
    """The script does not work in this Python.

    Attributes:
        cause: Why, in a sentence.
        module: The module that this Python lacks, where that is why; else empty.
    """

    code = "dry-run-failed"

    def __init__(self, cause: str, hint: str, lines: Sequence[str], module: str = "") -> None:
        super().__init__(
            f"The dry run failed: {cause}", step="dry run", log_tail=lines, hint=f"Nothing was built. {hint}"
        )
        self.cause, self.module = cause, module


def try_out(recipe: Recipe, store: Layout, sample: str | None, report: Reporter, *, twice: bool = False) -> Trial:
    """Run init(), and run() with the sample if there is one.

    Args:
        recipe: What the package is to be made of.
        store: Holds its models.
        sample: JSON, or None.
        report: Hears of it, and may cancel it.
        twice: Whether run() is called a second time.

    Raises:
        DryRunFailed: the script does not work; carries the lines of its traceback.
        BuildFailed: the process ended in the middle of it.
    """
    called = "init() and run(sample)" if sample else "init()"
    report.stage("dry-run", f"Trying {called} with this notebook's packages")
    _note_python(recipe.needs.python, report)
    with temporary_folder(Layout.create(home.cache()).path) as folder:
        app = folder / "app"
        app.mkdir()
        write_files(recipe.source, app)
        for model in recipe.models:
            with store.open_blob(model.layer) as stream:
                unpack(stream, f"{APP_ROOT[1:]}/", app)
        variables = {**recipe.needs.variables, **app_variables(recipe.source, recipe.models)}
        return _trial(app, variables, sample, report, twice)


def try_out_image(image: Image, sample: str, report: Reporter) -> Trial:
    """Run init(), and run(sample) twice, of the script in an image that is made already; raises as `try_out` does."""
    with temporary_folder(Layout.create(home.cache()).path) as folder:
        app = folder / "app"
        app.mkdir()
        for layer in image.manifest.layers:
            if layer.annotations.get(LAYER_KIND) in {"model", "app"}:
                with image.blobs.open_blob(layer) as stream:
                    unpack(stream, f"{APP_ROOT[1:]}/", app)
        # None that the base image has set: PYTHONWARNINGS, LD_PRELOAD and others would run code of its maker here.
        ours = {name: value for name, value in image.variables().items() if name in APP_VARIABLES}
        return _trial(app, ours, sample, report, twice=True)


def _trial(app: Path, variables: Mapping[str, str], sample: str | None, report: Reporter, twice: bool) -> Trial:
    said = run_tool(
        [sys.executable, "-P", "-B", str(_PROGRAM), str(_SCORING), *(["twice"] if twice else [])],
        report,
        step="dry run",
        cwd=app,
        env={**inherited(), "PYTHONUNBUFFERED": "1", **_moved(variables, app)},
        text=sample or "",
    )
    try:
        outcome = json.loads(said.replace(f"{app}/", ""))
    except ValueError:
        raise DryRunFailed("the script ended its process.", _CORRECT, ()) from None
    if "failed" in outcome:
        # The same message as in a container and when a script is reloaded.
        ending = outcome.get("ending", {})
        cause, hint = exit_reason.explain(ending) if ending else (outcome["failed"], _CORRECT)
        lines = tuple(_of_script(outcome["traceback"].splitlines()))
        lacks = "" if ending.get("installed") else ending.get("module", "")
        raise DryRunFailed(cause, hint, lines, lacks)
    streamed = bool(outcome.get("streamed"))
    return Trial(outcome["init"], outcome.get("run"), outcome.get("text"), outcome.get("again"), streamed)


def _of_script(lines: list[str]) -> Iterator[str]:
    """Yield a traceback without the frames of libraries, whose paths are absolute."""
    shown = True
    for line in lines:
        if line.startswith("  File "):
            shown = not line.startswith('  File "/')
        elif not line.startswith("    "):
            shown = True
        if shown:
            yield line


def _moved(variables: Mapping[str, str], app: Path) -> dict[str, str]:
    """Return variables that name the app's folder with the folder it lies in here."""
    return {
        name: f"{app}{value.removeprefix(APP_ROOT)}" if f"{value}/".startswith(f"{APP_ROOT}/") else value
        for name, value in variables.items()
    }


def _note_python(wanted: str, report: Reporter) -> None:
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if wanted != here:
        report.log(f"The image will have Python {wanted}; this is Python {here}.")
