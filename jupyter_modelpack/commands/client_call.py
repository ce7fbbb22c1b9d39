"""What a client program is about: the address of a package's service, whether it asks for a key, what to send."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from jupyter_modelpack.clients.program import DEEPEST, KEY, Call, readable
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.image_contract import DIGEST_LABEL, KEYS_VARIABLE, SAMPLE_LABEL, TLS_VARIABLE
from jupyter_modelpack.limits import SAMPLE_BYTES
from jupyter_modelpack.listener import DEFAULT_PORT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jupyter_modelpack.api.package import ModelPackage
    from jupyter_modelpack.engine.base import Service
    from jupyter_modelpack.engine.description import SelfDescription

_NO_SAMPLE = "Made up, for no sample was packaged: put data of your own here."
_FROM_SCHEMA = "Made from the schema, for no sample was packaged: put data of your own here."
_NOT_SHOWN = f"Made up, for the sample is no JSON of at most {DEEPEST} levels: put data of your own here."


def call(package: ModelPackage | None, service: Service | None, data: str | None) -> Call:
    """Return what a program is about.

    Args:
        package: The package; None where a service is named alone.
        service: Where it runs; None where it does not.
        data: What to send; None for the sample.

    Raises:
        UsageError: `data` is no JSON that a program can show.
    """
    said = _asked(service)
    variables = package.image.variables() if package is not None and not package.generate_dockerfile else {}
    answers = said is not None and said.answers
    keys = said.keys if said is not None and answers else _set(variables, KEYS_VARIABLE, f"{KEYS_VARIABLE}_FILE")
    tls = said.tls if said is not None and answers else _set(variables, TLS_VARIABLE)
    body, note = _given(data) if data is not None else _sample(package, service, said)
    port = service.port if service is not None and service.port else DEFAULT_PORT
    # Certificates are made out to names, seldom to addresses.
    url = f"https://localhost:{port}/score" if tls else f"http://127.0.0.1:{port}/score"
    target = package.record.name if package is not None else service.name if service is not None else ""
    return Call(target, url, body, note, keys)


def running(package: ModelPackage, services: Iterable[Service]) -> Service | None:
    """Return the newest service that `run` has started from the package."""
    return next((one for one in services if one.mine and not one.ended and _digest(one) == str(package.digest)), None)


def may_run(service: Service, package: ModelPackage) -> bool:
    """Whether a service could be one of the package: of one that `run` did not start nobody knows."""
    return _digest(service) in {None, str(package.digest)}


def _digest(service: Service) -> str | None:
    from jupyter_modelpack.engine.reload import running_package

    return running_package(service).replace("-", ":") or service.labels.get(DIGEST_LABEL)


def _asked(service: Service | None) -> SelfDescription | None:
    from jupyter_modelpack.engine.description import describe

    return None if service is None or service.ended else describe(service, os.environ.get(KEY))


def _set(variables: dict[str, str], *names: str) -> bool:
    return any(variables.get(name) for name in names)


def _given(data: str) -> tuple[Any, str]:
    shown, value = readable(data)
    if not shown:
        raise UsageError(
            f"The data is no JSON of at most {DEEPEST} levels.", hint="""JSON looks like this: {"data": [[1, 2, 3]]}"""
        )
    return value, ""


def _sample(package: ModelPackage | None, service: Service | None, said: SelfDescription | None) -> tuple[Any, str]:
    """Return what was packaged as a sample, else what the service's schema gives, else no rows, with what to say."""
    from jupyter_modelpack.engine.sample import sample_in

    kept = package.sample if package is not None else None
    if kept is None and service is not None:
        kept = service.labels.get(SAMPLE_LABEL)
    if kept is not None:
        # An image may come from anywhere, and with it this text.
        shown, value = readable(kept) if len(kept.encode("utf-8", "replace")) <= SAMPLE_BYTES else (False, None)
        return (value, "") if shown else ({"data": []}, _NOT_SHOWN)
    made = sample_in(said.document) if said is not None else None
    return ({"data": []}, _NO_SAMPLE) if made is None else (made, _FROM_SCHEMA)
