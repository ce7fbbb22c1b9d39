"""`GET /swagger.json`: what the service takes and gives, as Swagger 2.0 (contract 7.8)."""

from typing import Any

from .decode import query_object
from .messages import Response, json_response, problem
from .settings import Settings

_ANY = {"type": "object", "example": {}}


def respond(settings: Settings, query: bytes) -> Response:
    """Answer with the wanted version; 2 unless the query says otherwise (contract 7.1)."""
    version = str(query_object(query).get("version", 2))
    if version not in {"2", "2.0"}:
        return problem(404, f"Swagger version [{version}] is not valid. Supported versions: [2].")
    return json_response(200, document(settings))


def document(settings: Settings) -> dict[str, Any]:
    """Describe the three routes."""
    prefix = settings.path_prefix
    error = {"description": "If bad input", "schema": {"$ref": "#/definitions/ErrorResponse"}}
    return {
        "swagger": "2.0",
        "info": {"title": settings.service_name, "version": settings.service_version},
        "schemes": ["https", "http"],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "paths": {
            f"{prefix}/": {"get": _operation("ServiceHealthCheck", {"type": "string", "example": "Healthy"})},
            f"{prefix}/score": {
                "post": {
                    **_operation("RunMLService", {"$ref": "#/definitions/ServiceOutput"}, error),
                    "parameters": [
                        {
                            "name": "serviceInputPayload",
                            "in": "body",
                            "schema": {"$ref": "#/definitions/ServiceInput"},
                        }
                    ],
                }
            },
        },
        "definitions": {
            "ServiceInput": _ANY,
            "ServiceOutput": _ANY,
            "ErrorResponse": {
                "type": "object",
                "properties": {"message": {"type": "string"}},
            },
        },
    }


def _operation(name: str, schema: dict[str, Any], default: dict[str, Any] | None = None) -> dict[str, Any]:
    responses: dict[str, Any] = {"200": {"description": "The answer", "schema": schema}}
    if default:
        responses["default"] = default
    return {"operationId": name, "responses": responses}
