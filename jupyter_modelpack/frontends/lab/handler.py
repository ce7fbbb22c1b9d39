"""What all our routes share: who may come in, what they may bring, how they are answered."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from jupyter_server.base.handlers import APIHandler
from tornado import web

from jupyter_modelpack.errors import ModelpackError, UsageError
from jupyter_modelpack.frontends.lab.http_errors import error_json, status

if TYPE_CHECKING:
    from jupyter_modelpack.frontends.lab.app import Desk

BODY_BYTES = 16 << 20
"""Largest request; only `score` brings more than a few names, and a larger one goes to the service itself."""

_pool = ThreadPoolExecutor(16, "modelpack-lab")
"""Where verbs work: the Jupyter server's own thread answers notebooks meanwhile."""


class Handler(APIHandler):
    """One of our routes; threat-model.md T8 says what `prepare` refuses."""

    auth_resource = "modelpack"

    def initialize(self, desk: Desk, verb: str = "") -> None:
        """Take what all routes share, and which verb this is, if it is one."""
        self.desk, self.verb = desk, verb

    async def prepare(self) -> None:  # type: ignore[override] # as Jupyter's own does
        """Refuse strangers: other hosts, other origins, nobody, forged forms; and what is no JSON."""
        if self.foreign():
            raise web.HTTPError(403)
        await super().prepare()
        if self.request.method == "POST":
            kind = self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            if kind != "application/json":
                raise web.HTTPError(415, "Send JSON, as application/json.")
            if len(self.request.body) > BODY_BYTES:
                raise web.HTTPError(413, f"At most {BODY_BYTES >> 20} MiB.")

    def foreign(self) -> bool:
        """Say whether a page of another place asks; Jupyter itself lets one in that has the token."""
        origin = self.request.headers.get("Origin")
        if origin is None or urlsplit(origin).netloc == self.request.host:
            return False
        allowed, pattern = self.allow_origin, self.allow_origin_pat
        return not (allowed in {"*", origin} or (pattern and re.fullmatch(pattern, origin)))

    def form(self) -> dict[str, Any]:
        """Return the request's JSON object."""
        try:
            found = json.loads(self.request.body or b"{}")
        except (ValueError, RecursionError) as error:
            raise UsageError(f"The request is no JSON: {str(error)[:200]}.", code="bad-json") from error
        if not isinstance(found, dict):
            raise UsageError("The request is no JSON object.", code="bad-json")
        return found

    async def reply(self, work: Callable[[], Any], code: int = 200) -> None:
        """Answer with what `work` returns, done in a thread; or with what went wrong."""
        if done := await self.did(work):
            self.set_status(code)
            await self.finish(json.dumps(done[0]))

    async def did(self, work: Callable[[], Any]) -> tuple[Any] | None:
        """Return what `work` returns, done in a thread; None where it failed, and that was answered."""
        try:
            return (await asyncio.get_running_loop().run_in_executor(_pool, work),)
        except ModelpackError as error:
            self.set_status(status(error))
            found = error_json(error)
        except Exception as error:
            self.log.exception("modelpack")
            self.set_status(500)
            found = error_json(error)
        await self.finish(json.dumps(found))
        return None
