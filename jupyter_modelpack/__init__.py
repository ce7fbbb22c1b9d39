"""Packages the models of a notebook as container images, with or without Docker.

The names are those of Azure ML SDK v1; each is imported when it is first used, so that importing this
package costs nothing.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from typing import TYPE_CHECKING

from jupyter_modelpack._version import __version__

if TYPE_CHECKING:
    from jupyter_modelpack.api.conda import CondaDependencies
    from jupyter_modelpack.api.container_registry import ContainerRegistry
    from jupyter_modelpack.api.environment import Environment
    from jupyter_modelpack.api.inference import InferenceConfig
    from jupyter_modelpack.api.model import Model
    from jupyter_modelpack.api.package import ModelPackage
    from jupyter_modelpack.api.resource_configuration import ResourceConfiguration
    from jupyter_modelpack.api.workspace import Workspace
    from jupyter_modelpack.errors import (
        BuildFailed,
        Cancelled,
        Conflict,
        Denied,
        ModelpackError,
        NotFound,
        PathNotFound,
        Unavailable,
        Untrusted,
        UsageError,
    )
    from jupyter_modelpack.frontends.notebook.kernel import modelpack_panel

__all__ = [
    "BuildFailed",
    "Cancelled",
    "CondaDependencies",
    "Conflict",
    "ContainerRegistry",
    "Denied",
    "Environment",
    "InferenceConfig",
    "Model",
    "ModelPackage",
    "ModelpackError",
    "NotFound",
    "PathNotFound",
    "ResourceConfiguration",
    "Unavailable",
    "Untrusted",
    "UsageError",
    "Workspace",
    "__version__",
    "modelpack_panel",
]

_NOUNS = {
    "CondaDependencies": "conda",
    "ContainerRegistry": "container_registry",
    "Environment": "environment",
    "InferenceConfig": "inference",
    "Model": "model",
    "ModelPackage": "package",
    "ResourceConfiguration": "resource_configuration",
    "Workspace": "workspace",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "frontends.notebook.kernel" if name == "modelpack_panel" else "errors"
    if name in _NOUNS:
        from jupyter_modelpack import supported  # noqa: PLC0415 - as the module says

        supported.check()
        if lacking := supported.lacking():
            warnings.warn(lacking, RuntimeWarning, stacklevel=2)
        module = f"api.{_NOUNS[name]}"
        _attach()
    return getattr(importlib.import_module(f"{__name__}.{module}"), name)


def _attach() -> None:
    """Let builds be seen in a panel when this is the kernel of a notebook."""
    if "ipykernel" in sys.modules:
        from jupyter_modelpack.frontends.notebook import kernel  # noqa: PLC0415 - only a notebook needs it

        kernel.attach()


def __dir__() -> list[str]:
    return __all__


def load_ipython_extension(shell: object) -> None:
    """Make ``%modelpack`` and ``%%package`` known to a notebook: ``%load_ext jupyter_modelpack``."""
    from jupyter_modelpack.frontends.notebook import magics  # noqa: PLC0415 - only a notebook pays for IPython

    magics.load(shell)  # type: ignore[arg-type] # a shell's type is IPython's


def unload_ipython_extension(shell: object) -> None:
    """Take back what `load_ipython_extension` registered."""
    from jupyter_modelpack.frontends.notebook import magics  # noqa: PLC0415 - as above

    magics.unload(shell)  # type: ignore[arg-type] # as above


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Tell JupyterLab where the side panel's assets lie."""
    return [{"src": "labextension", "dest": "jupyter-modelpack"}]


def _jupyter_server_extension_points() -> list[dict[str, object]]:
    """Tell the Jupyter server what to load; only that server gets here."""
    from jupyter_modelpack import supported  # noqa: PLC0415 - only a server pays for it
    from jupyter_modelpack.errors import Unavailable  # noqa: PLC0415

    try:
        supported.check()
    except Unavailable:
        return [{"module": "jupyter_modelpack"}]  # the server then calls what stands below
    from jupyter_modelpack.frontends.lab.extension import ModelpackApp  # noqa: PLC0415 - imports jupyter_server

    return [{"module": "jupyter_modelpack", "app": ModelpackApp}]


def _load_jupyter_server_extension(server: object) -> None:
    """Say to a Jupyter server why there is no more of us than this."""
    from jupyter_modelpack import supported  # noqa: PLC0415 - as above
    from jupyter_modelpack.errors import Unavailable  # noqa: PLC0415

    try:
        supported.check()
    except Unavailable as error:
        from jupyter_modelpack.frontends.lab import unsupported  # noqa: PLC0415 - imports jupyter_server

        unsupported.load(server, error)
