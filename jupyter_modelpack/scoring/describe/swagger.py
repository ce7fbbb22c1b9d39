"""`GET /swagger.json`: the service's description in three versions (azure-differences.md 7.1, 7.8)."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..convert.decode import query_object
from ..messages import JSON, Response, json_response, problem
from ..settings import Settings
from . import openapi, swagger_paths
from .description import Description
from .type_hints import without_unions

_DIALECTS = {"2": "2.0", "2.0": "2.0", "3": "3.0.3", "3.0": "3.0.3", "3.1": "3.1.0"}
_OVERRIDES = {
    "2.0": ("swagger2.json", "swagger.json"),
    "3.0.3": ("swagger3.json",),
    "3.1.0": ("swagger3.1.json",),
}
_ANY = {"type": "object", "example": {}}
_ERROR = {"type": "object", "properties": {"message": {"type": "string"}}}


class Swagger:
    """The description of one service: of run(), and of the models beside it."""

    def __init__(
        self, settings: Settings, described: Description, name: str, models: Mapping[str, Description], *, keys: bool
    ) -> None:
        self._settings = settings
        self._schemas = {
            "ServiceInput": described.given or _ANY,
            "ServiceOutput": described.returned or _ANY,
            "ErrorResponse": _ERROR,
        }
        self._name, self._models, self._keys = name, models, keys

    def respond(self, query: bytes) -> Response:
        """Answer with the requested version, 2.0 unless the query says otherwise; a file of the user's wins."""
        asked = query_object(query).get("version", 2)
        dialect = _DIALECTS.get(str(asked))
        if dialect is None:
            return problem(404, f"Swagger version [{asked}] is not valid. Supported versions: [2, 3, 3.1].")
        for name in _OVERRIDES[dialect]:
            path = Path(self._settings.app_root, name)
            if path.is_file():
                return Response(200, path.read_bytes(), JSON)
        return json_response(200, self.document(dialect))

    def everything(self) -> Response:
        """Answer with every route, in OpenAPI 3.1."""
        document = self.document("3.1.0")
        return json_response(200, openapi.complete(document, self._name, self._models, keys=self._keys))

    def document(self, dialect: str) -> dict[str, Any]:
        """Describe the three routes, in the words of the original: clients are generated from them."""
        old = dialect == "2.0"
        schemas = json.loads(
            json.dumps(self._schemas).replace("#/definitions/", "#/definitions/" if old else "#/components/schemas/")
        )
        if old:
            schemas = without_unions(schemas)
        settings = self._settings
        name = settings.service_name
        about = f"API specification for the Azure Machine Learning service {name}"
        paths = {f"{settings.path_prefix}{path}": item for path, item in swagger_paths.paths(old=old).items()}
        root: dict[str, Any] = {
            "swagger" if old else "openapi": dialect,
            "info": {"title": name, "description": about, "version": settings.service_version},
            "paths": paths,
        }
        if old:
            kinds = {"schemes": ["https"], "consumes": ["application/json"], "produces": ["application/json"]}
            return {**root, **kinds, "securityDefinitions": swagger_paths.KEYS, "definitions": schemas}
        return {
            **root,
            "security": swagger_paths.SECURED,
            "components": {"schemas": schemas, "securitySchemes": swagger_paths.KEYS},
        }
