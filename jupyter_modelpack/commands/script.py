"""script: write an entry script to begin with."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Annotated

from jupyter_modelpack.commands.grammar.option import Option
from jupyter_modelpack.commands.results import Script
from jupyter_modelpack.errors import Conflict, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.home import expand

_LOADERS = {
    ".pkl": ("import joblib", "joblib.load(path)", "model.predict(rows).tolist()", ("scikit-learn", "joblib")),
    ".joblib": ("import joblib", "joblib.load(path)", "model.predict(rows).tolist()", ("scikit-learn", "joblib")),
    ".onnx": (
        "import onnxruntime",
        "onnxruntime.InferenceSession(path)",
        "model.run(None, {model.get_inputs()[0].name: rows.astype(np.float32)})[0].tolist()",
        ("onnxruntime", "numpy"),
    ),
    ".pt": (
        "import torch",
        "torch.jit.load(path).eval()",
        "model(torch.tensor(rows, dtype=torch.float32)).tolist()",
        ("torch", "numpy"),
    ),
    ".safetensors": (
        "from safetensors.numpy import load_file",
        "load_file(path)",
        "(rows @ next(iter(model.values())).T).tolist()",
        ("safetensors", "numpy"),
    ),
}
"""By ending: the import, how to load the file at `path`, how to answer `rows`, what to install."""

_TEXT = '''"""What the service does: init() once when it starts, run() for each request."""

import json
import os
from pathlib import Path

import numpy as np
{imports}


def init():
    global model
    # The model's own folder in the image; in it, the file that was registered.
    [path] = [str(file) for file in Path(os.environ["AZUREML_MODEL_DIR"]).rglob("*{ending}")]
    model = {load}


def run(data):
    # {{"data": [[1, 2, 3], [4, 5, 6]]}}: a list of rows.
    rows = np.array(json.loads(data)["data"])
    return {answer}
'''


def script(
    _report: Reporter,
    *,
    model: Annotated[
        str | None,
        Option("File of the model; its ending tells how to load it", positional=True, metavar="FILE", completes="path"),
    ] = None,
    output: Annotated[
        str, Option("File to write to; by default, score.py", "-o", metavar="FILE", completes="path")
    ] = "score.py",
) -> Script:
    """Write the entry script that `package` would make for a file, else one by its ending; overwrite nothing."""
    if model and (path := expand(model)).exists() and (made := _made(path)):
        text, pip = made
        write_new(output, text)
        return Script(output, pip)
    ending = PurePath(model or "").suffix.lower()
    imports, load, answer, pip = _LOADERS.get(ending, _LOADERS[".pkl"])
    text = _TEXT.format(imports=imports, load=load, answer=answer, ending=ending if ending in _LOADERS else "")
    write_new(output, text)
    return Script(output, pip)


def _made(path: Path) -> tuple[str, tuple[str, ...]] | None:
    """Return the script that `package` would make for this file, and what it imports; None where it makes none."""
    from jupyter_modelpack.catalog.models import model_layer
    from jupyter_modelpack.model_kinds.content import of_files
    from jupyter_modelpack.model_kinds.detect import detect
    from jupyter_modelpack.model_kinds.write_script import script_of

    found = detect(of_files(model_layer.gather(path).entries))
    return (script_of(found, None), found.kind.packages) if found else None


def write_new(output: str, text: str) -> None:
    """Write an entry script to a file that is not there yet.

    Raises:
        Conflict: it is there.
        UsageError: it cannot be written, or its name is not a Python file's.

    """
    path = expand(output)
    if path.suffix != ".py":
        raise UsageError(f"{output} is no name for a Python file.", hint="script model.pkl --output score.py")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise Conflict(
            f"{output} is there already, and stays as it is.", hint="Name another file, or use this one."
        ) from error
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror}.") from error
