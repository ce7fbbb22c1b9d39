"""Whether a key or token would ship: in the source folder, the script, what is carried along, the sample."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing
from typing import BinaryIO

from jupyter_modelpack.build.app import AppFile, app_files, open_app_file
from jupyter_modelpack.build.recipe import Source
from jupyter_modelpack.build.secret_text import bound_of, find_secret
from jupyter_modelpack.errors import UsageError

SAMPLE = "sample"


def check(source: Source, sample: str | None = None) -> None:
    """Raise `UsageError` naming file, line and rule of the first secret in what ships, and never the secret itself."""
    for name, stream in _streams(source, sample):
        with closing(stream):
            if name in source.allowed or name.rpartition("/")[2] in source.allowed:
                continue
            found = find_secret(stream.read, bound_of(name))
        if found:
            raise UsageError(
                f"{name}, line {found.line}: holds what looks like a secret ({found.rule}), and would ship.",
                hint="Take it out: let the script read it from os.environ, and give it to the service with run "
                f"--env-var. If it may be public: --allow-secret {name}; in Python, "
                f"inference_config.allow_secrets = [{name!r}].",
                code="secret-in-source",
            )


def _streams(source: Source, sample: str | None) -> Iterator[tuple[str, BinaryIO]]:
    if sample:
        yield SAMPLE, io.BytesIO(sample.encode())
    for file in app_files(source):
        if isinstance(file.content, bytes):
            yield file.path, io.BytesIO(file.content)
        else:
            yield _name(file), open_app_file(file)[0]


def _name(file: AppFile) -> str:
    """Return the path below the folder that was named, as people know it."""
    return file.path.partition("/")[2] if file.root else file.path
