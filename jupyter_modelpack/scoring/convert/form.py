"""Form fields and uploaded files of a request, for `@rawhttp` scripts (azure-differences.md 7.3)."""

import io
import re
import shutil
from collections.abc import Callable
from typing import IO, Any

from .. import limits
from . import quoted
from .decode import BadInputError

_NAME = re.compile(rb'[;\s](filename|name)="((?:[^"\\]|\\.)*)"')


_NOTHING = object()


def converted(value: Any, default: Any, kind: Callable[[Any], Any] | None) -> Any:
    """Convert a value as Werkzeug's `get(name, type=int)` does."""
    try:
        return value if kind is None else kind(value)
    except (TypeError, ValueError):
        return default


class Values(dict[str, Any]):
    """Names with one or more values: the first of each, `getlist` for all, as Werkzeug's MultiDict."""

    def __init__(self, lists: dict[str, list[Any]]) -> None:
        self._lists = lists
        super().__init__((name, values[0]) for name, values in lists.items())

    @classmethod
    def of_query(cls, query: bytes) -> "Values":
        """Parse `a=1&b=2`."""
        found: dict[str, list[Any]] = {}
        try:
            for name, value in quoted.pairs(query):
                found.setdefault(name, []).append(value)
        except quoted.TooManyFieldsError as error:
            raise BadInputError(400, f"The query or form cannot be parsed: {error}.") from None
        return cls(found)

    def get(self, name: str, default: Any = None, type: Callable[[Any], Any] | None = None) -> Any:  # noqa: A002  theirs
        """Return the first value; `default` too where `type` cannot make one of it."""
        return converted(self[name], default, type) if name in self else default

    def getlist(self, name: str, type: Callable[[Any], Any] | None = None) -> list[Any]:  # noqa: A002
        """Return every value of one name; those that `type` cannot convert are left out."""
        found = [converted(value, _NOTHING, type) for value in self._lists.get(name, [])]
        return [value for value in found if value is not _NOTHING]

    def to_dict(self, flat: bool = True) -> dict[str, Any]:
        """Return a plain dictionary."""
        return dict(self) if flat else {name: list(values) for name, values in self._lists.items()}


class File(io.BytesIO):
    """An uploaded file with the attributes that scripts use of Werkzeug's FileStorage."""

    def __init__(self, name: str, filename: str, content_type: str, content: bytes) -> None:
        super().__init__(content)
        self.name = name
        self.filename = filename
        self.content_type = content_type
        self.mimetype = content_type.partition(";")[0].strip().lower()

    @property
    def stream(self) -> IO[bytes]:
        """The file to read from, which is this object."""
        return self

    def save(self, target: Any) -> None:
        """Write the content to a path or an open file."""
        if hasattr(target, "write"):
            shutil.copyfileobj(self, target)
            return
        with open(target, "wb") as file:  # noqa: PTH123  any kind of path
            shutil.copyfileobj(self, file)


def parse(content_type: str, body: bytes) -> tuple[Values, Values]:
    """Return fields and files; a body that is no form has none of either."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return Values.of_query(body), Values({})
    boundary = re.search(r'boundary="?([^";,]+)', content_type)
    fields: dict[str, list[Any]] = {}
    files: dict[str, list[Any]] = {}
    if kind == "multipart/form-data" and boundary:
        mark = b"\r\n--" + boundary[1].strip().encode("latin-1")
        parts = (b"\r\n" + body).split(mark, limits.FIELDS + 1)[1:]
        if len(parts) > limits.FIELDS and not parts[-1].startswith(b"--"):
            raise BadInputError(400, f"The form cannot be parsed: it has more than {limits.FIELDS} parts.")
        for part in parts:
            if part.startswith(b"--"):
                break
            _sort(part, fields, files)
    return Values(fields), Values(files)


def _sort(part: bytes, fields: dict[str, list[Any]], files: dict[str, list[Any]]) -> None:
    end = part.find(b"\r\n\r\n", 0, limits.PART_HEAD)
    if end < 0:
        return
    head, content = part[:end], part[end + 4 :]
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in head.split(b"\r\n"))
    }
    names = {
        key.decode(): re.sub(rb"\\(.)", rb"\1", value).decode("utf-8", "replace")
        for key, value in _NAME.findall(headers.get(b"content-disposition", b""))
    }
    name = names.get("name")
    if name is None:
        return
    if "filename" in names:
        kind = headers.get(b"content-type", b"application/octet-stream").decode("latin-1")
        files.setdefault(name, []).append(File(name, names["filename"], kind, content))
    else:
        fields.setdefault(name, []).append(content.decode("utf-8", "replace"))
