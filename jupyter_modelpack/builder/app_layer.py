"""The app layer: entry script, what ships with it, and the lock.

azure-differences.md 4: with source_directory the whole folder ships under its own name; without, only
the one script. The environment variables say which.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from jupyter_modelpack.builder.context.source_files import Survey, open_regular, survey
from jupyter_modelpack.builder.recipe import AppSource, ModelPart
from jupyter_modelpack.errors import PathNotFound
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.image_contract import (
    APP_ROOT,
    APP_ROOT_VARIABLE,
    CARRIED,
    CARRIED_VARIABLE,
    ENTRY_SCRIPT_VARIABLE,
    LOCK_PATH,
    MODEL_DIR_VARIABLE,
    MODELS_DIR,
    SOURCE_DIRECTORY_VARIABLE,
)
from jupyter_modelpack.oci.layer import LayerWriter

_NAMES = 20
"""Most names of excluded files in one line of the log."""


@dataclass(frozen=True, slots=True)
class AppFile:
    """A file of the app.

    Attributes:
        path: Relative to the app root.
        content: Its bytes, or its path on this machine.
        root: The source_directory that links may not leave, for a file of one.
    """

    path: str
    content: bytes | Path
    root: Path | None = None
    executable: bool = False


def app_files(source: AppSource, on_survey: Callable[[Survey], None] = lambda _survey: None) -> Iterator[AppFile]:
    """Yield the files that ship, sorted by path; `on_survey` gets the result of walking the folder, if there is one.

    Raises:
        PathNotFound: the entry script is not there.
    """
    found: dict[str, AppFile] = {path: AppFile(path, content) for path, content in source.extra.items()}
    if source.content is not None:
        found[source.entry_script] = AppFile(source.entry_script, source.content)
    elif source.folder is None:
        script = Path(source.entry_script)
        if not script.is_file():
            raise PathNotFound(f"The entry script {script} does not exist.")
        found[script.name] = AppFile(script.name, script)
    if source.folder is not None:
        surveyed = survey(source.folder, source.allowed)
        on_survey(surveyed)
        for relative, path in surveyed.files:
            name = f"{source.folder.name}/{relative}"
            found[name] = AppFile(name, path, source.folder, executable=bool(path.stat().st_mode & 0o100))
    yield from (found[path] for path in sorted(found))


def shipping(source: AppSource, surveyed: Survey) -> list[str]:
    """Describe how much of a folder ships, and which files do not because of their names."""
    said = [f"{len(surveyed.files)} files of {source.folder} ship ({surveyed.size / 1e6:.1f} MB)"]
    names, more = surveyed.left_out[:_NAMES], len(surveyed.left_out) - _NAMES
    if names:
        listed = ", ".join(names) + (f" and {more} more" if more > 0 else "")
        said.append(
            f"Left out, being named as secrets are: {listed}. One that may be public ships with --allow-secret NAME"
        )
    return said


def app_variables(source: AppSource, models: tuple[ModelPart, ...]) -> Mapping[str, str]:
    """Return the environment variables that entry scripts and the scoring server rely on (azure-differences.md 3.5)."""
    name = source.entry_script if source.content is not None or source.folder else Path(source.entry_script).name
    variables = {APP_ROOT_VARIABLE: APP_ROOT, MODEL_DIR_VARIABLE: MODELS_DIR}
    if source.folder is not None and source.content is None:
        name = f"{source.folder.name}/{name}"
    if source.folder is not None:
        variables[SOURCE_DIRECTORY_VARIABLE] = source.folder.name
    variables[ENTRY_SCRIPT_VARIABLE] = name
    if CARRIED in source.extra:
        variables[CARRIED_VARIABLE] = CARRIED.removesuffix(".py")
    if len(models) == 1:
        variables[MODEL_DIR_VARIABLE] = f"{MODELS_DIR}/{models[0].name}/{models[0].version}"
    return variables


def open_app_file(file: AppFile) -> tuple[BinaryIO, int]:
    """Open a file of this machine and return its size, too; refuse links that leave its root."""
    assert isinstance(file.content, Path)  # noqa: S101 - the caller looked
    stream = open_regular(file.content, file.root)
    return stream, os.fstat(stream.fileno()).st_size


def write_files(source: AppSource, folder: Path) -> None:
    """Write the app's files into an existing folder, over what is there."""
    for file in app_files(source):
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(file.content, bytes):
            target.write_bytes(file.content)
        else:
            stream, _ = open_app_file(file)
            with closing(stream), target.open("wb") as out:
                shutil.copyfileobj(stream, out)
        target.chmod(0o755 if file.executable else 0o644)


def write_app(layer: LayerWriter, source: AppSource, lock: str, report: Reporter) -> None:
    """Write the app's files and the lock into a layer; the log says what of a folder ships."""

    def on_survey(surveyed: Survey) -> None:
        for line in shipping(source, surveyed):
            report.log(line)

    for file in app_files(source, on_survey):
        path = f"{APP_ROOT[1:]}/{file.path}"
        if isinstance(file.content, bytes):
            layer.file(path, file.content)
        else:
            stream, size = open_app_file(file)
            with closing(stream):
                layer.file(path, stream, size, executable=file.executable)
    layer.file(LOCK_PATH[1:], lock.encode())
