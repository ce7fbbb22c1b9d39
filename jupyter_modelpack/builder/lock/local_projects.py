"""Build a wheel of each folder among the requirements, since only a file has a hash.

Each is built for every image in an isolated environment of its build system, so that changes in the folder take
effect, and the same content gives the same wheel. The folder is not written to, and leftovers of earlier builds in it
are not used; setuptools would do both.
"""

from __future__ import annotations

import configparser
import hashlib
import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from jupyter_modelpack.builder.lock.pylock import uv_environment, uv_program, uv_python
from jupyter_modelpack.builder.lock.requirement_line import named, split_extras, split_marker, take_apart
from jupyter_modelpack.builder.run_tool import run_tool
from jupyter_modelpack.builder.target import BuildTarget
from jupyter_modelpack.errors import BuildFailed, PathNotFound, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.store.files import move_file, temporary_folder

_EPOCH = "315532800"
"""1980, the first moment that a zip file knows: what build systems date files with, so that a wheel keeps its hash."""


_TRIES = 3
"""How often a wheel is put into its folder: collectors remove folders that are empty."""

_MORE_CONFIG = "DIST_EXTRA_CONFIG"
"""Variable with a file that setuptools reads after a project's own setup.cfg."""


def as_wheels(lines: Sequence[str], target: BuildTarget, kept: Path, below: Path, report: Reporter) -> list[str]:
    """Return the lines with each folder replaced by its wheel, keeping extras and markers.

    Args:
        lines: Of a requirements file.
        target: The image's Python.
        kept: The folder for the wheels.
        below: What relative paths refer to.
        report: For the log.

    Raises:
        BuildFailed: one cannot be built.
        UsageError: a folder is no project.

    """
    return [_as_wheel(line, target, kept, below, report) for line in lines]


def _as_wheel(text: str, target: BuildTarget, kept: Path, below: Path, report: Reporter) -> str:
    line = take_apart(text)
    given = line.value("--editable") or line.wanted
    if "://" in given or not ("/" in given or given.startswith(".")):
        return text
    place, marker = split_marker(given)
    folder, extras = split_extras(place)
    path = Path(os.path.normpath(below / folder))
    if not path.is_dir():
        return text
    if not any((path / name).is_file() for name in ("pyproject.toml", "setup.py")):
        raise UsageError(
            f"The requirement {given}: {path} holds neither pyproject.toml nor setup.py, so it is no project.",
            hint="Modules beside the script ship with --source-directory; source_directory in the API.",
            code="no-project",
        )
    wheel = _build(path, target, kept, report)
    name = named(wheel.name).name
    return f"{name}{extras} @ file://{quote(str(wheel))}" + (f" ; {marker}" if marker else "")


def _build(path: Path, target: BuildTarget, kept: Path, report: Reporter) -> Path:
    kept.mkdir(parents=True, exist_ok=True)
    report.log(f"Building a wheel of {path}")
    with temporary_folder(kept) as out, temporary_folder(kept) as work:
        environment = {"SOURCE_DATE_EPOCH": _EPOCH, **uv_environment()}
        environment[_MORE_CONFIG] = str(_elsewhere(work.absolute(), environment.get(_MORE_CONFIG)))
        argv = [uv_program(), "build", "--wheel", "--quiet", "--out-dir", str(out), *uv_python(target), str(path)]
        try:
            run_tool(argv, report, step=f"Building a wheel of {path}", env=environment)
        except BuildFailed as error:
            raise BuildFailed(
                f"No wheel can be built of {path}.",
                hint=f"See what its build system says: python -m build --wheel {shlex.quote(str(path))}",
                code="project-not-built",
                step=error.step,
                log_tail=error.log_tail,
            ) from error
        made = next(out.glob("*.whl"))
        return _keep(made, kept / hashlib.sha256(made.read_bytes()).hexdigest())


def _keep(made: Path, folder: Path) -> Path:
    for left in reversed(range(_TRIES)):
        try:
            move_file(made, folder / made.name)
            break
        except PathNotFound:  # a collector has just removed the folder, which was empty
            if not left:
                raise
    return folder / made.name


def _elsewhere(work: Path, given: str | None) -> Path:
    """Write a setuptools configuration that builds in `work`, based on the user's own, `given`."""
    config = configparser.RawConfigParser()
    try:
        config.read(given or (), encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        raise UsageError(
            f"{given}, the file that {_MORE_CONFIG} names, cannot be read: it is no file of settings for setuptools.",
            hint=f"Mend it, or unset {_MORE_CONFIG}.",
            code="bad-dist-config",
        ) from error
    for section, option in (("build", "build_base"), ("egg_info", "egg_base")):
        (work / section).mkdir()
        if not config.has_section(section):
            config.add_section(section)
        for spelling in (option, option.replace("_", "-")):  # it takes both
            config.remove_option(section, spelling)
        config.set(section, option, str(work / section))
    path = work / "setup.cfg"
    with path.open("w", encoding="utf-8") as file:
        config.write(file)
    return path
