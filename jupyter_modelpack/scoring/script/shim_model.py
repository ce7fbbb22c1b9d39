"""`Model.get_model_path` for scripts that import azureml.core (azure-differences.md 3.4)."""

import os
from pathlib import Path


class WebserviceException(Exception):
    """What the SDK raises for misuse; the text is in `.message` (azure-differences.md 1)."""

    def __init__(self, exception_message: str, status_code: int | None = None, **_: object) -> None:
        super().__init__(exception_message)
        self.message = exception_message
        self.status_code = status_code


class ModelNotFoundException(Exception):
    """There is no such model; no WebserviceException, as in the SDK (azure-differences.md 1)."""

    def __init__(self, exception_message: str, **_: object) -> None:
        super().__init__(exception_message)
        self.message = exception_message


class Model:
    """The part of azureml.core.Model that makes sense inside a scoring container."""

    @staticmethod
    def get_model_path(model_name: str, version: int | None = None, _workspace: object = None) -> str:
        """Return the path of a model's file or folder.

        The highest version, or the given one, below `$AML_APP_ROOT/azureml-models/<name>/`, whose folder holds
        exactly one entry; without such a folder, any path of that name below the working directory.
        """
        if version is not None and not isinstance(version, int):
            raise WebserviceException("version should be an int")
        root = Path(os.environ.get("AML_APP_ROOT", ""), "azureml-models")
        folder = root / model_name
        if not folder.is_dir():
            return _in_working_directory(model_name, root, version)
        chosen = folder / str(_latest(folder) if version is None else version)
        if not chosen.is_dir():
            found = ", ".join(sorted(entry.name for entry in folder.iterdir()))
            raise WebserviceException(f"Model {model_name} has no version {version} in {folder}. Found: {found}")
        entries = sorted(chosen.iterdir())
        if len(entries) != 1:
            raise WebserviceException(
                f"Dir {chosen} can contain only 1 file or folder. Found {[entry.name for entry in entries]}"
            )
        return str(entries[0])


def _latest(folder: Path) -> int:
    versions = [int(entry.name) for entry in folder.iterdir() if entry.name.isdigit()]
    if not versions:
        raise WebserviceException(f"Dir {folder} holds no version of a model")
    return max(versions)


def _in_working_directory(model_name: str, root: Path, version: int | None) -> str:
    if version is None and Path(model_name).exists():
        return model_name
    known = sorted(entry.name for entry in root.iterdir()) if root.is_dir() else []
    message = (
        f"Model {model_name} not found in cache at {root} or in current working directory {Path.cwd()}. "
        f"Models here: {', '.join(known) or 'none'}."
    )
    if version is not None:
        raise WebserviceException(message)
    raise ModelNotFoundException(message)
