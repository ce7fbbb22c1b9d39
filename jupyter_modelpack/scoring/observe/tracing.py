"""OpenTelemetry for services whose environment has it: one span a call, the parent of what the script records.

Said by the OTEL_* variables that every language knows; without them nothing of it is imported. What a caller's W3C
trace context names is continued, and handed on by whatever the script instruments.
"""

import importlib
import os
from collections.abc import Mapping
from typing import Any

from ..messages import Request, Response
from ..settings import Settings
from . import log

_SAYS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_TRACES_EXPORTER")
_OTLP = {
    "http/protobuf": "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "grpc": "opentelemetry.exporter.otlp.proto.grpc.trace_exporter",
}


class Tracing:
    """Spans of one process; made after the fork, for its exporter has a thread of its own."""

    def __init__(self, provider: Any, exporter: Any) -> None:
        self._trace = importlib.import_module("opentelemetry.trace")
        self._context = importlib.import_module("opentelemetry.context")
        propagation = importlib.import_module("opentelemetry.trace.propagation.tracecontext")
        export = importlib.import_module("opentelemetry.sdk.trace.export")
        self._propagator = propagation.TraceContextTextMapPropagator()
        self._provider = provider
        provider.add_span_processor(export.BatchSpanProcessor(exporter))
        self._trace.set_tracer_provider(provider)
        self._tracer = provider.get_tracer("modelpack")

    def begin(self, request: Request) -> None:
        """Begin the span of a call that the script will answer."""
        known = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers.items()}
        request.span = self._tracer.start_span(
            f"{request.method} {request.path}",
            context=self._propagator.extract(known),
            kind=self._trace.SpanKind.SERVER,
            attributes={
                "http.request.method": request.method,
                "url.path": request.path,
                "client.address": request.client,
            },
        )

    def enter(self, request: Request) -> Any:
        """Make the span the current one of this thread or task; give what `leave` wants."""
        return self._context.attach(self._trace.set_span_in_context(request.span))

    def leave(self, token: Any) -> None:
        """End what `enter` began."""
        self._context.detach(token)

    def end(self, request: Request, response: Response) -> None:
        """End the span with what the client sees."""
        span = request.span
        span.set_attribute("http.response.status_code", response.status)
        for name, value in response.headers:
            if name == b"x-ms-request-id":
                span.set_attribute("modelpack.request_id", value.decode("latin-1"))
        if response.status >= 500:
            span.set_status(self._trace.StatusCode.ERROR)
        span.end()

    def close(self) -> None:
        """Send what waits."""
        self._provider.shutdown()


_active: Tracing | None = None


def active() -> Tracing | None:
    """Return what traces this process."""
    return _active


def start(settings: Settings, environment: Mapping[str, str] = os.environ) -> Tracing | None:
    """Begin tracing where OTEL_* asks for it; say in one line why not where it cannot be."""
    global _active  # noqa: PLW0603  the scorer's side has no other way to find it
    chosen = environment.get("OTEL_TRACES_EXPORTER", "otlp")
    disabled = environment.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if not any(environment.get(name) for name in _SAYS) or disabled or chosen == "none":
        return None
    try:
        sdk = importlib.import_module("opentelemetry.sdk.trace")
        resources = importlib.import_module("opentelemetry.sdk.resources")
        exporter = _exporter(chosen, environment)
    except ImportError as error:
        log.warning(
            f"OTEL_* asks for tracing, but this environment has no module {error.name!r}: add opentelemetry-sdk "
            "and opentelemetry-exporter-otlp-proto-http to the requirements."
        )
        return None
    named = {} if environment.get("OTEL_SERVICE_NAME") else {"service.name": settings.service_name}
    _active = Tracing(sdk.TracerProvider(resource=resources.Resource.create(named)), exporter)
    return _active


def _exporter(chosen: str, environment: Mapping[str, str]) -> Any:
    if chosen == "console":
        return importlib.import_module("opentelemetry.sdk.trace.export").ConsoleSpanExporter()
    protocol = environment.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or environment.get("OTEL_EXPORTER_OTLP_PROTOCOL")
    return importlib.import_module(_OTLP.get(protocol or "", _OTLP["http/protobuf"])).OTLPSpanExporter()
