"""Parameter types of inference_schema, for environments without that package (azure-differences.md 7.3, 7.8).

A sample tells what a parameter looks like. What does not match it is refused with the place of the first
difference: the original answers 500 there, we answer 400.
"""

import base64
import datetime as dt
import importlib
import io
import json
from typing import Any

from .swagger_types import array_schema, describe


class SchemaMismatch(ValueError):
    """The value does not look like the sample; `place` is a path such as `data[0].age`."""

    def __init__(self, message: str, place: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.place = place


class AbstractParameterType:
    """A parameter described by a sample."""

    def __init__(self, sample_input: Any) -> None:
        self.sample_input = sample_input

    def deserialize_input(self, input_data: Any) -> Any:
        """Turn parsed JSON into what the script declared."""
        raise NotImplementedError

    def input_to_swagger(self) -> dict[str, Any]:
        """Describe the parameter."""
        raise NotImplementedError

    def supported_versions(self) -> list[str]:
        """Every version of the description."""
        return ["2.0", "3.0", "3.1"]


class StandardPythonParameterType(AbstractParameterType):
    """Plain Python values; inside lists and dictionaries, nested parameter types are converted too."""

    def deserialize_input(self, input_data: Any) -> Any:
        """Check the type against the sample's; dates, times and bytes are made from their text."""
        return _standard(input_data, self.sample_input, "")

    def input_to_swagger(self) -> dict[str, Any]:
        """Describe the sample."""
        return describe(self.sample_input)


class NumpyParameterType(AbstractParameterType):
    """An array like the sample: same type, same sizes but for the first dimension."""

    def __init__(self, sample_input: Any, enforce_column_type: bool = True, enforce_shape: bool = True) -> None:
        super().__init__(sample_input)
        self.enforce_column_type = enforce_column_type
        self.enforce_shape = enforce_shape

    def deserialize_input(self, input_data: Any) -> Any:
        """Make the array."""
        numpy = importlib.import_module("numpy")  # the script brought it; this server does without
        if not isinstance(input_data, list):
            raise SchemaMismatch(f"an array was expected, not {_kind(input_data)}")
        try:
            array = numpy.array(input_data, dtype=self.sample_input.dtype if self.enforce_column_type else None)
        except (TypeError, ValueError) as error:
            raise _first_difference(input_data, self.sample_input, str(error)) from None
        expected, found = self.sample_input.shape, array.shape
        if self.enforce_shape and (len(found) != len(expected) or found[1:] != expected[1:]):
            wanted = " x ".join(["n", *map(str, expected[1:])])
            raise SchemaMismatch(f"an array of {wanted} was expected, not of {' x '.join(map(str, found))}")
        return array

    def input_to_swagger(self) -> dict[str, Any]:
        """Describe nested arrays of the sample's item type."""
        schema = array_schema(self.sample_input.tolist(), len(self.sample_input.shape), self.sample_input.dtype)
        return {**schema, "example": self.sample_input.tolist(), "format": "numpy.ndarray"}


class PandasParameterType(AbstractParameterType):
    """A data frame with the sample's columns."""

    def __init__(
        self,
        sample_input: Any,
        enforce_column_type: bool = True,
        enforce_shape: bool = True,
        apply_column_names: bool = False,
        orient: str = "records",
    ) -> None:
        super().__init__(sample_input)
        self.enforce_column_type = enforce_column_type
        self.enforce_shape = enforce_shape
        self.apply_column_names = apply_column_names
        self.orient = orient

    def deserialize_input(self, input_data: Any) -> Any:
        """Make the data frame; the sample's column order and types hold."""
        pandas = importlib.import_module("pandas")
        if not isinstance(input_data, (list, dict)):
            raise SchemaMismatch(f"rows of a table were expected, not {_kind(input_data)}")
        try:
            frame = pandas.read_json(io.StringIO(json.dumps(input_data)), orient=self.orient, dtype=False)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise SchemaMismatch(f"a table in the orientation {self.orient!r} was expected: {error}") from None
        if self.apply_column_names and len(frame.columns) == len(self.sample_input.columns):
            frame.columns = self.sample_input.columns.copy()
        if self.enforce_shape:
            self._check_columns(frame)
            frame = frame[[name for name in self.sample_input.columns if name in frame.columns]]
        return self._typed(frame) if self.enforce_column_type else frame

    def _check_columns(self, frame: Any) -> None:
        expected, found = [list(map(str, table.columns)) for table in (self.sample_input, frame)]
        missing = [name for name in expected if name not in found]
        extra = [name for name in found if name not in expected]
        if missing:
            raise SchemaMismatch(f"the column {missing[0]!r} is missing", f"[0].{missing[0]}")
        if extra:
            raise SchemaMismatch(f"the column {extra[0]!r} is not expected", f"[0].{extra[0]}")

    def _typed(self, frame: Any) -> Any:
        for name, kind in self.sample_input.dtypes.items():
            if name not in frame.columns:
                continue
            try:
                frame[name] = frame[name].astype(kind)
            except (TypeError, ValueError) as error:
                raise SchemaMismatch(f"the column {name!r} must be {kind}: {error}", f".{name}") from None
        return frame

    def input_to_swagger(self) -> dict[str, Any]:
        """Describe the rows."""
        sample = json.loads(self.sample_input.to_json(orient=self.orient, date_format="iso"))
        return {**describe(sample), "format": f"pandas.DataFrame:{self.orient}"}


def _standard(value: Any, sample: Any, place: str) -> Any:
    if isinstance(sample, AbstractParameterType):
        try:
            return sample.deserialize_input(value)
        except SchemaMismatch as error:
            raise SchemaMismatch(error.message, place + error.place) from None
    if isinstance(sample, dict) and isinstance(value, dict):
        nested = {key: item for key, item in sample.items() if isinstance(item, AbstractParameterType)}
        return {
            key: _standard(item, nested[key], f"{place}.{key}") if key in nested else item
            for key, item in value.items()
        }
    kind = type(sample)
    if isinstance(value, str) and kind in {dt.date, dt.datetime, dt.time, bytes, bytearray}:
        try:
            return kind(base64.b64decode(value)) if kind in {bytes, bytearray} else kind.fromisoformat(value)
        except ValueError as error:
            raise SchemaMismatch(f"{kind.__name__} was expected: {error}", place) from None
    if kind is float and type(value) is int:
        return value
    if kind is tuple and isinstance(value, list):
        return tuple(value)
    if kind is not bool and isinstance(value, bool) and kind in {int, float}:
        raise SchemaMismatch(f"{_name(kind)} was expected, not a boolean", place)
    if not isinstance(value, kind):
        raise SchemaMismatch(f"{_name(kind)} was expected, not {_kind(value)}", place)
    return value


def _first_difference(rows: Any, sample: Any, reason: str) -> SchemaMismatch:
    """Find the cell that cannot be converted, for the message."""
    numeric = sample.dtype.kind in "fiub"
    stack: list[tuple[Any, str]] = [(rows, "")]
    lengths: dict[int, int] = {}
    while stack:
        value, place = stack.pop()
        if isinstance(value, list):
            depth = place.count("[")
            if lengths.setdefault(depth, len(value)) != len(value):
                return SchemaMismatch(f"{lengths[depth]} values were expected, not {len(value)}", place)
            stack += [(item, f"{place}[{index}]") for index, item in reversed(list(enumerate(value)))]
        elif numeric and not isinstance(value, (int, float)):
            return SchemaMismatch(f"a number was expected, not {_kind(value)}", place)
    return SchemaMismatch(reason)


_NAMES = {dict: "an object", list: "an array", str: "a string", int: "an integer", float: "a number", bool: "a boolean"}


def _name(kind: type) -> str:
    return _NAMES.get(kind, kind.__name__)


def _kind(value: Any) -> str:
    return "null" if value is None else _name(type(value))
