"""What to do about a module that an image lacks.

A module's name is no package's: `docx`, `jwt` and `utils` are other people's packages on an index. So only the
packages of this Python, which ran the import, are named; else a file that lies beside the script; else nothing.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path

from jupyter_modelpack.analysis.script_imports import Import
from jupyter_modelpack.builder.recipe import AppSource

_SEVERAL = 3
"""So many distributions may bring a module and be named; a namespace such as `google` has dozens."""


def advice(missing: Sequence[Import], source: AppSource) -> str:
    """Return what to do, a line for each kind of module.

    Args:
        missing: What the script imports in vain.
        source: The script, and the folder that ships with it.

    """
    files = {one.top: path for one in missing if (path := _file_of(one.top, source))}
    packages = {one.top: found for one in missing if one.top not in files and (found := distributions_of(one.name))}
    unknown = sorted({one.top for one in missing} - files.keys() - packages.keys())
    lines = []
    if packages:
        named = ", ".join(dict.fromkeys(" or ".join(names) for names in packages.values()))
        lines.append(f"Add {named} to the environment's requirements.")
    lines += [f"{path}, which does not ship: {_to_ship(source)}" for path in files.values()]
    if unknown:
        verb = "comes" if len(unknown) == 1 else "come"
        lines.append(
            f"{', '.join(unknown)} {verb} from no package of this Python and no file beside the script: add the "
            "package that brings it, whose name may be another, or the file's folder as source directory."
        )
    return "\n".join(lines)


def distributions_of(module: str) -> list[str]:
    """Return which packages of this Python bring a module, so that one may name them; none where nobody can tell."""
    parts = module.split(".")
    found = sorted(set(metadata.packages_distributions().get(parts[0], ())))
    for length in range(len(parts), 0, -1):
        path = "/".join(parts[:length])
        if narrowed := [name for name in found if len(found) == 1 or _brings(name, path)]:
            found = narrowed
            break
    return [] if len(found) > _SEVERAL else [name for name in found if _is_from_an_index(name)]


def _brings(name: str, path: str) -> bool:
    files = metadata.distribution(name).files or ()
    return any(str(file).startswith((f"{path}/", f"{path}.")) for file in files)


def _is_from_an_index(name: str) -> bool:
    """Whether it was installed by its name, and not out of a folder of this machine."""
    direct_url = metadata.distribution(name).read_text("direct_url.json")
    try:
        return direct_url is None or "dir_info" not in json.loads(direct_url)
    except ValueError:
        return False


def _file_of(module: str, source: AppSource) -> str:
    """Return what Python would have imported beside the script, in words."""
    for folder in dict.fromkeys((source.folder, Path(source.beside), Path())):
        for path in _candidates(folder, module) if folder else ():
            if path.is_file():
                shown = path.parent if path.name == "__init__.py" else path
                found = "lies in the source directory" if folder == source.folder else "lies beside the script"
                return f"{shown.name} {found}"
    return ""


def _candidates(folder: Path, module: str) -> Iterable[Path]:
    return (folder / module / "__init__.py", folder / f"{module}.py")


def _to_ship(source: AppSource) -> str:
    if source.folder is not None:
        return f"put it into {source.folder.name}, or take it out of the ignore file there."
    name = Path(source.entry_script).name
    script = "" if source.beside == "." else f"; the script is then {name}"
    beside = shlex.quote(source.beside)
    return f"--source-directory {beside} (source_directory of an InferenceConfig) takes it along{script}."
