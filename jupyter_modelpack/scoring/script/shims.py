"""Imports that entry scripts make of Azure packages, answered without those packages.

A real package, where one is installed, wins: our finder stands at the end of the line. Only the request and
response classes are always ours, as in the original server, because the real ones need its Flask request.
"""

import importlib
import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Sequence

_RAW = {
    "azureml.contrib.services.aml_request": "convert.rawhttp",
    "azureml.contrib.services.aml_response": "convert.rawhttp",
    "azureml_inference_server_http": "",
    "azureml_inference_server_http.api": "",
    "azureml_inference_server_http.api.aml_request": "convert.rawhttp",
    "azureml_inference_server_http.api.aml_response": "convert.rawhttp",
}

_ABSENT = {
    "azureml": "",
    "azureml.contrib": "",
    "azureml.contrib.services": "",
    "azureml.core": "script.shim_model",
    "azureml.core.model": "script.shim_model",
    "azureml.exceptions": "script.shim_model",
    "azureml.monitoring": "script.shim_collector",
    "inference_schema": "",
    "inference_schema.schema_decorators": "inference_schema.decorators",
    "inference_schema.schema_util": "inference_schema.decorators",
    "inference_schema.parameter_types": "",
    "inference_schema.parameter_types.abstract_parameter_type": "inference_schema.parameter_types",
    "inference_schema.parameter_types.numpy_parameter_type": "inference_schema.parameter_types",
    "inference_schema.parameter_types.pandas_parameter_type": "inference_schema.parameter_types",
    "inference_schema.parameter_types.standard_py_parameter_type": "inference_schema.parameter_types",
}


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the names of one table; a name stands for one of our modules, or for an empty package."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names = names

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002  the signature of the import system
        target: types.ModuleType | None = None,  # noqa: ARG002
    ) -> importlib.machinery.ModuleSpec | None:
        source = self._names.get(fullname)
        if source is None:
            return None
        package = any(name.startswith(fullname + ".") for name in (*_RAW, *_ABSENT))
        return importlib.machinery.ModuleSpec(fullname, _Loader(source), origin=__name__, is_package=package)


class _Loader(importlib.abc.Loader):
    """Fills a new module with the public names of one of ours."""

    def __init__(self, source: str) -> None:
        self._source = source

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        """Leave it to the import system."""

    def exec_module(self, module: types.ModuleType) -> None:
        """Copy the names."""
        if self._source:
            ours = importlib.import_module(f"..{self._source}", __package__)
            module.__dict__.update({name: value for name, value in vars(ours).items() if not name.startswith("_")})


def install() -> None:
    """Register the names; calling it twice changes nothing."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder(_RAW))
        sys.meta_path.append(_Finder(_ABSENT))
