"""`@rawhttp`, `AMLRequest`, `AMLResponse`: for scripts that want the request itself (azure-differences.md 7.3, 7.4).

Scripts import these names from `azureml.contrib.services.*` or `azureml_inference_server_http.api.*`;
shims.py puts them there.
"""

import io
import json
from collections.abc import Callable
from typing import Any, TypeVar

from ..messages import Request
from .form import Values, converted, parse

_Function = TypeVar("_Function", bound=Callable[..., Any])

_MARK = "_modelpack_rawhttp"
_used: list[str] = []


def rawhttp(function: _Function) -> _Function:
    """Mark `run` as wanting an AMLRequest instead of text."""
    setattr(function, _MARK, True)
    _used.append(function.__name__)
    return function


def is_used() -> bool:
    """Return whether anything is decorated: in the original that makes run() raw, even if a decorator hides it."""
    return bool(_used)


def is_raw(function: Callable[..., Any]) -> bool:
    """Return whether `function`, or one it wraps, carries the mark."""
    current: Any = function
    while current is not None:
        if getattr(current, _MARK, False):
            return True
        current = getattr(current, "__wrapped__", None)
    return False


class Headers(dict[str, str]):
    """Headers in their usual case (`Content-Type`), looked up regardless of case."""

    def __init__(self, raw: dict[bytes, bytes]) -> None:
        super().__init__(
            ("-".join(part.capitalize() for part in name.decode("latin-1").split("-")), value.decode("latin-1"))
            for name, value in raw.items()
        )

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.title())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.title())

    def get(self, name: str, default: Any = None, type: Callable[[str], Any] | None = None) -> Any:  # noqa: A002  Flask's
        """Return the header; `default` where there is none, or `type` cannot convert it."""
        return converted(self[name], default, type) if name in self else default


class AMLRequest:
    """The request with the attributes that scripts use of Flask's."""

    def __init__(self, request: Request, body: bytes) -> None:
        self._request = request
        self.method = request.method
        self.path = request.path
        self.query_string = request.query
        self.remote_addr = request.client
        self.headers = Headers(request.headers)
        self.args = Values.of_query(request.query)
        self.data = body
        self.stream = io.BytesIO(body)
        self.scheme = "http"
        self._parts: tuple[Values, Values] | None = None

    @property
    def full_path(self) -> str:
        """Path and query, with the question mark even when there is no query, as Flask has it."""
        return f"{self.path}?{self.query_string.decode('latin-1')}"

    @property
    def host(self) -> str:
        """The Host header."""
        return str(self.headers.get("Host", ""))

    @property
    def host_url(self) -> str:
        """The address of this service."""
        return f"{self.scheme}://{self.host}/"

    url_root = host_url

    @property
    def base_url(self) -> str:
        """The whole address without the query."""
        return self.host_url[:-1] + self.path

    @property
    def url(self) -> str:
        """The whole address."""
        return self.base_url + (f"?{self.query_string.decode('latin-1')}" if self.query_string else "")

    @property
    def content_type(self) -> str | None:
        """The Content-Type header."""
        return self.headers.get("Content-Type")  # type: ignore[no-any-return]

    @property
    def mimetype(self) -> str:
        """The content type without its parameters."""
        return (self.content_type or "").partition(";")[0].strip().lower()

    @property
    def content_length(self) -> int | None:
        """How many bytes the body has; None where the client says nothing of one."""
        return len(self.data) if "Content-Length" in self.headers or self.data else None

    @property
    def form(self) -> Values:
        """The fields of a form."""
        return self._parsed()[0]

    @property
    def files(self) -> Values:
        """The files of a form."""
        return self._parsed()[1]

    @property
    def values(self) -> Values:
        """Query arguments and form fields together."""
        return Values({**self.form.to_dict(flat=False), **self.args.to_dict(flat=False)})

    @property
    def cookies(self) -> dict[str, str]:
        """What the Cookie header holds."""
        from http.cookies import SimpleCookie  # noqa: PLC0415  few scripts ask

        return {name: morsel.value for name, morsel in SimpleCookie(self.headers.get("Cookie", "")).items()}

    @property
    def is_json(self) -> bool:
        """Whether the content type says JSON."""
        return self.mimetype == "application/json" or self.mimetype.endswith("+json")

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return self.get_json()

    def get_data(self, cache: bool = True, as_text: bool = False) -> Any:  # noqa: ARG002  Flask's
        """Return the body, as bytes or as text."""
        return self.data.decode("utf-8", "replace") if as_text else self.data

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:  # noqa: ARG002
        """Parse the body, whatever its content type."""
        try:
            return json.loads(self.data)
        except ValueError:
            if silent:
                return None
            raise

    def _parsed(self) -> tuple[Values, Values]:
        if self._parts is None:
            self._parts = parse(self.content_type or "", self.data)
        return self._parts


class AMLResponse:
    """A response with status and headers of the script's choosing (azure-differences.md 7.4)."""

    def __init__(
        self,
        message: Any,
        status_code: int,
        response_headers: dict[str, Any] | None = None,
        json_str: bool = False,
        run_function_failed: bool = False,
    ) -> None:
        self.message = message
        self.status_code = status_code
        self.headers = dict(response_headers or {})
        self.json_str = json_str
        self.run_function_failed = run_function_failed
