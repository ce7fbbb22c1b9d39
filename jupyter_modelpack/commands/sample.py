"""The sample of a package: one request's data that its entry script is meant to take."""

from __future__ import annotations

import json

from jupyter_modelpack.errors import PathNotFound, UsageError
from jupyter_modelpack.home import expand
from jupyter_modelpack.limits import SAMPLE_BYTES


def read_sample(given: str) -> str:
    """Return the sample as JSON text: `given` itself, or what the file of that name holds.

    Raises:
        PathNotFound: it is neither JSON nor a file.
        UsageError: the file holds something else than JSON, or too much for a label.

    """
    text, source = given, "--sample"
    if not is_json(given):
        source, text = given, _from_file(given)
    if len(text.encode()) > SAMPLE_BYTES:
        raise UsageError(
            f"The sample has {len(text.encode()) >> 10} kB, and a package keeps {SAMPLE_BYTES >> 10} kB.",
            hint="A row or two are enough: --sample X_test[:2]",
            code="sample-too-large",
        )
    if not is_json(text):
        raise UsageError(f"{source} holds no JSON.", hint="""A sample is JSON: '{"data": [[1, 2, 3]]}'.""")
    return text


def is_json(text: str) -> bool:
    """Whether `text` is JSON."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _from_file(given: str) -> str:
    from jupyter_modelpack.builder.context.source_files import open_regular

    path = expand(given)
    try:
        with open_regular(path) as file:  # a pipe would be waited for without end
            return file.read(SAMPLE_BYTES + 1).decode("utf-8-sig", "replace").strip()
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise PathNotFound(
            f"--sample {given[:80]}: neither JSON nor a file that can be read: {said}.",
            hint="""Give JSON in quotes, a file, or in a notebook a variable: --sample '{"data": [[1, 2, 3]]}'""",
        ) from error
