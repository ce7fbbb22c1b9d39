"""`GET /openapi.json`: every route of this service as OpenAPI 3.1; /swagger.json keeps to what Azure ML describes."""

from collections.abc import Mapping
from typing import Any

from .description import Description
from .swagger_paths import answer, error, scoring

_TENSOR = {
    "type": "object",
    "required": ["name", "shape", "datatype", "data"],
    "properties": {
        "name": {"type": "string"},
        "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
        "datatype": {"type": "string"},
        "data": {"type": "array"},
    },
}
_TENSORS = {"type": "array", "items": {"$ref": "#/components/schemas/Tensor"}}
_SCHEMAS: dict[str, Any] = {
    "Tensor": _TENSOR,
    "InferenceRequest": {
        "type": "object",
        "required": ["inputs"],
        "properties": {"id": {"type": "string"}, "inputs": {**_TENSORS, "minItems": 1}},
    },
    "InferenceResponse": {
        "type": "object",
        "required": ["model_name", "outputs"],
        "properties": {"id": {"type": "string"}, "model_name": {"type": "string"}, "outputs": _TENSORS},
    },
    "InferenceError": {"type": "object", "properties": {"error": {"type": "string"}}},
}
_OBJECT = {"type": "object"}


def complete(document: dict[str, Any], name: str, models: Mapping[str, Description], *, keys: bool) -> dict[str, Any]:
    """Add to the description of Azure's routes those of ours; `name` is the model that run() is."""
    paths, schemas = document["paths"], {**document["components"]["schemas"], **_SCHEMAS}
    # As they are answered, which the description that Azure gives does not say.
    paths["/"] = {"get": _plain("Liveness", "Whether the process lives.", {"type": "string"}, "text/html")}
    paths["/swagger.json"] = {"get": _plain("Swagger", "The description that Azure ML gives.", _OBJECT)}
    paths["/ready"] = {"get": _plain("Readiness", "Whether the service can score.", _OBJECT)}
    paths["/metrics"] = {"get": _plain("Metrics", "Counters for Prometheus.", {"type": "string"}, "text/plain")}
    paths["/v2"] = {"get": _plain("ServerMetadata", "Name and version of this server.", _OBJECT)}
    paths["/v2/health/live"] = {"get": _plain("Live", "Whether the process lives.", {"type": "string"}, "text/html")}
    paths["/v2/health/ready"] = {"get": _plain("Ready", "Whether the service can score.", _OBJECT)}
    for model, description in {name: None, **models}.items():
        word = "".join(part.capitalize() for part in model.split("_"))
        if description is not None:
            schemas[f"{word}Input"], schemas[f"{word}Output"] = description.given or {}, description.returned or {}
        given, returned = (
            ("ServiceInput", "ServiceOutput") if description is None else (f"{word}Input", f"{word}Output")
        )
        paths[f"/score/{model}"] = {"post": scoring(f"Score{word}", given, returned, old=False)}
        about = f"/v2/models/{model}"
        paths[about] = {"get": _plain(f"Metadata{word}", "The model's tensors.", _OBJECT)}
        paths[f"{about}/ready"] = {"get": _plain(f"Ready{word}", "Whether the model can score.", _OBJECT)}
        paths[f"{about}/infer"] = {"post": _infer(f"Infer{word}")}
    paths["/openapi.json"] = {"get": _plain("OpenAPI", "This document.", _OBJECT)}
    bearer = {"type": "http", "scheme": "bearer"}
    for operation in (operation for path in paths.values() for operation in path.values()):
        operation.pop("security", None)
    return {
        **document,
        "security": [{"Bearer": []}] if keys else [],
        "components": {"schemas": schemas, **({"securitySchemes": {"Bearer": bearer}} if keys else {})},
    }


def _plain(operation: str, text: str, schema: dict[str, Any], kind: str = "application/json") -> dict[str, Any]:
    return {
        "operationId": operation,
        "description": text,
        "responses": {"200": answer(text, schema, old=False, kind=kind), "default": error(old=False)},
    }


def _infer(operation: str) -> dict[str, Any]:
    def refer(name: str) -> dict[str, Any]:
        return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}

    return {
        "operationId": operation,
        "description": "Open Inference Protocol, version 2",
        "requestBody": {"required": True, "content": refer("InferenceRequest")},
        "responses": {
            "200": {"description": "The outputs.", "content": refer("InferenceResponse")},
            "default": {"description": "Why there are none.", "content": refer("InferenceError")},
        },
    }
