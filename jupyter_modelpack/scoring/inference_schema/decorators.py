"""`@input_schema` and `@output_schema` of inference_schema, for environments without that package."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from .parameter_types import AbstractParameterType, SchemaMismatch

_INPUTS = "_modelpack_inputs"
_OUTPUT = "_modelpack_output"


def input_schema(
    param_name: str, param_type: AbstractParameterType, convert_to_provided_type: bool = True, optional: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare what one parameter of run() looks like; the call converts and checks it."""
    _check(param_type)

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        parameter = inspect.signature(function).parameters.get(param_name)
        if parameter is None:
            raise TypeError(f"@input_schema names {param_name!r}, which run() does not take")
        default = parameter.default

        @functools.wraps(function)
        def call(**arguments: Any) -> Any:
            value = arguments.get(param_name, default)
            if convert_to_provided_type and value is not default and not (optional and not value):
                try:
                    arguments[param_name] = param_type.deserialize_input(value)
                except SchemaMismatch as error:
                    raise SchemaMismatch(error.message, param_name + error.place) from None
            return function(**arguments)

        setattr(call, _INPUTS, {param_name: param_type, **getattr(function, _INPUTS, {})})
        return call

    return decorate


def output_schema(output_type: AbstractParameterType) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare what run() returns; it is documentation only (azure-differences.md 7.3)."""
    _check(output_type)

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        setattr(function, _OUTPUT, output_type)
        return function

    return decorate


def is_schema_decorated(func: Callable[..., Any]) -> bool:
    """Return whether one of the two decorators is on `func`."""
    return hasattr(func, _INPUTS) or hasattr(func, _OUTPUT)


def get_input_schema(func: Callable[..., Any]) -> dict[str, Any]:
    """Describe all parameters as one object."""
    inputs: dict[str, AbstractParameterType] = getattr(func, _INPUTS, {})
    described = {name: kind.input_to_swagger() for name, kind in inputs.items()}
    example = {name: schema.pop("example", None) for name, schema in described.items()}
    if not described:
        return {"type": "object", "example": {}}
    return {"type": "object", "properties": described, "example": example}


def get_output_schema(func: Callable[..., Any]) -> dict[str, Any]:
    """Describe the result."""
    output: AbstractParameterType | None = getattr(func, _OUTPUT, None)
    return output.input_to_swagger() if output is not None else {"type": "object", "example": {}}


def _check(kind: object) -> None:
    if not isinstance(kind, AbstractParameterType):
        raise TypeError(f"a parameter type such as NumpyParameterType was expected, not {type(kind).__name__}")
