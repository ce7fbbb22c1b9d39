"""The names that notebooks written for Azure ML catch.

Each is one of ours (`errors`), so that ``except WebserviceException as e: e.message`` goes on working
(azure-differences.md 1). Where Azure's tree let an error slip past `WebserviceException`, ours does not.
"""

from jupyter_modelpack.errors import ModelpackError, NotFound, PathNotFound, UsageError

AzureMLException = ModelpackError
WebserviceException = ModelpackError
WorkspaceException = ModelpackError
UserErrorException = UsageError
ModelNotFoundException = NotFound
ModelPathNotFoundException = PathNotFound

__all__ = [
    "AzureMLException",
    "ModelNotFoundException",
    "ModelPathNotFoundException",
    "UserErrorException",
    "WebserviceException",
    "WorkspaceException",
]
