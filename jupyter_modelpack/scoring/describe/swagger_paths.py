"""The three routes, as Swagger 2.0 and OpenAPI 3 describe them (azure-differences.md 7.8)."""

from typing import Any

SECURED: list[dict[str, Any]] = [{"Bearer": []}]
KEYS = {
    "Bearer": {"type": "apiKey", "name": "Authorization", "in": "header", "description": "For example: Bearer abc123"}
}
_TEXT = {"type": "string"}


def paths(*, old: bool) -> dict[str, Any]:
    """Describe every route; `old` means Swagger 2.0."""
    return {
        "/": {"get": _health(old)},
        "/score": {"post": scoring("RunMLService", "ServiceInput", "ServiceOutput", old=old)},
        "/swagger.json": {"get": _swagger(old)},
    }


def _health(old: bool) -> dict[str, Any]:
    up = "If service is up and running, this response will be returned with the content 'Healthy'"
    if old:
        healthy: dict[str, Any] = {"description": up, "schema": _TEXT, "examples": {"application/json": "Healthy"}}
    else:
        healthy = {"description": up, "content": {"text/plain": {"schema": {**_TEXT, "example": "Healthy"}}}}
    return {
        "operationId": "ServiceHealthCheck",
        "description": "Simple health check endpoint to ensure the service is up at any given point.",
        "responses": {"200": healthy, "default": error(old)},
    }


def scoring(operation_id: str, takes: str, gives: str, *, old: bool) -> dict[str, Any]:
    """Describe a route that scores."""
    payload = "The input payload for executing the real-time machine learning service."
    given = _ref(takes, old)
    done = "The service processed the input correctly and provided a result prediction, if applicable."
    operation: dict[str, Any] = {
        "operationId": operation_id,
        "description": "Run web service's model and get the prediction output",
        "security": SECURED,
    }
    if old:
        operation["parameters"] = [
            {"name": "serviceInputPayload", "in": "body", "description": payload, "schema": given}
        ]
    else:
        operation["requestBody"] = {"description": payload, "content": {"application/json": {"schema": given}}}
    responses = {"200": answer(done, _ref(gives, old), old), "default": error(old)}
    return {**operation, "responses": responses}


def _swagger(old: bool) -> dict[str, Any]:
    version: dict[str, Any] = {"name": "version", "in": "query", "required": False}
    kind = {"type": "integer", "enum": [2, 3]}
    return {
        "operationId": "GetSwaggerSpec",
        "description": "Get the Swagger specification.",
        "parameters": [{**version, **kind} if old else {**version, "schema": kind}],
        "responses": {"200": answer("The Swagger specification.", _TEXT, old, "text/plain"), "default": error(old)},
    }


def error(old: bool) -> dict[str, Any]:
    """Describe every answer that is none of the named."""
    return answer("The service failed to execute due to an error.", _ref("ErrorResponse", old), old)


def answer(text: str, schema: dict[str, Any], old: bool, kind: str = "application/json") -> dict[str, Any]:
    """Describe one answer."""
    if old:
        return {"description": text, "schema": schema}
    return {"description": text, "content": {kind: {"schema": schema}}}


def _ref(name: str, old: bool) -> dict[str, Any]:
    return {"$ref": f"#/{'definitions' if old else 'components/schemas'}/{name}"}
