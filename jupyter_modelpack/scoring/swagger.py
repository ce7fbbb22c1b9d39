"""`GET /swagger.json`: what the service takes and gives, in three dialects (contract 7.1, 7.8)."""

import json
from pathlib import Path
from typing import Any

from .decode import query_object
from .messages import JSON, Response, json_response, problem
from .settings import Settings

_DIALECTS = {"2": "2.0", "2.0": "2.0", "3": "3.0.3", "3.0": "3.0.3", "3.1": "3.1.0"}
_OVERRIDES = {
    "2.0": ("swagger2.json", "swagger.json"),
    "3.0.3": ("swagger3.json",),
    "3.1.0": ("swagger3.1.json",),
}
_ANY = {"type": "object", "example": {}}
_ERROR = {"type": "object", "properties": {"message": {"type": "string"}}}

Schemas = tuple[dict[str, Any], dict[str, Any]]


class Swagger:
    """The description of one service; `schemas` are those of run(), where its decorators give them."""

    def __init__(self, settings: Settings, schemas: Schemas | None) -> None:
        self._settings = settings
        given, returned = schemas or (_ANY, _ANY)
        self._schemas = {"ServiceInput": given, "ServiceOutput": returned, "ErrorResponse": _ERROR}

    def respond(self, query: bytes) -> Response:
        """Answer with the wanted dialect, 2.0 unless the query says otherwise; a file of the user's wins."""
        asked = query_object(query).get("version", 2)
        dialect = _DIALECTS.get(str(asked))
        if dialect is None:
            return problem(404, f"Swagger version [{asked}] is not valid. Supported versions: [2, 3, 3.1].")
        for name in _OVERRIDES[dialect]:
            path = Path(self._settings.app_root, name)
            if path.is_file():
                return Response(200, path.read_bytes(), JSON)
        return json_response(200, self.document(dialect))

    def document(self, dialect: str) -> dict[str, Any]:
        """Describe the three routes."""
        old = dialect == "2.0"
        schemas = json.loads(
            json.dumps(self._schemas).replace("#/definitions/", "#/definitions/" if old else "#/components/schemas/")
        )
        settings = self._settings
        root: dict[str, Any] = {
            "swagger" if old else "openapi": dialect,
            "info": {"title": settings.service_name, "version": settings.service_version},
            "paths": {f"{settings.path_prefix}{path}": item for path, item in _paths(old=old).items()},
        }
        if old:
            json_only = ["application/json"]
            return {
                **root,
                "schemes": ["https", "http"],
                "consumes": json_only,
                "produces": json_only,
                "definitions": schemas,
            }
        return {**root, "components": {"schemas": schemas}}


def _paths(*, old: bool) -> dict[str, Any]:
    health = _operation("ServiceHealthCheck", "Simple health check endpoint", {"type": "string"}, "text/html", old=old)
    score = _operation(
        "RunMLService", "Run web service's model and get the prediction output", _ref("ServiceOutput", old), old=old
    )
    score["responses"]["default"] = _response("The error", _ref("ErrorResponse", old), "application/json", old=old)
    if old:
        score["parameters"] = [
            {
                "name": "serviceInputPayload",
                "in": "body",
                "description": "The input payload for executing the real-time machine learning service.",
                "schema": _ref("ServiceInput", old),
            }
        ]
    else:
        score["requestBody"] = {"content": {"application/json": {"schema": _ref("ServiceInput", old)}}}
    swagger = _operation("GetSwagger", "This description", {"type": "object"}, old=old)
    return {"/": {"get": health}, "/score": {"post": score}, "/swagger.json": {"get": swagger}}


def _operation(
    name: str, text: str, schema: dict[str, Any], kind: str = "application/json", *, old: bool
) -> dict[str, Any]:
    return {
        "operationId": name,
        "description": text,
        "responses": {"200": _response("The answer", schema, kind, old=old)},
    }


def _response(text: str, schema: dict[str, Any], kind: str, *, old: bool) -> dict[str, Any]:
    return (
        {"description": text, "schema": schema} if old else {"description": text, "content": {kind: {"schema": schema}}}
    )


def _ref(name: str, old: bool) -> dict[str, str]:
    return {"$ref": f"#/{'definitions' if old else 'components/schemas'}/{name}"}
