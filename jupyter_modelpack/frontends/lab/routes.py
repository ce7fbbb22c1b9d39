"""Every route with its handler; the tests make the matrix of what is refused from this table."""

from __future__ import annotations

from typing import Any, cast

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_modelpack.commands import suggestions
from jupyter_modelpack.commands.grammar.option import Completes
from jupyter_modelpack.commands.grammar.verbs import verbs
from jupyter_modelpack.frontends.lab.app import Desk
from jupyter_modelpack.frontends.lab.declarations import about
from jupyter_modelpack.frontends.lab.handler import Handler
from jupyter_modelpack.frontends.lab.service import look
from jupyter_modelpack.frontends.lab.stream import EventStream
from jupyter_modelpack.frontends.lab.target import named
from jupyter_modelpack.frontends.live import sanitize

PREFIX = "/jupyter-modelpack"


class About(Handler):
    """The version and the declarations."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Say them."""
        await self.reply(about)


class TableHandler(Handler):
    """A page of a table."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Give it."""
        asked = {key: self.get_query_argument(key, "") for key in ("filter", "workspace", "engine")}
        number, column = self.get_query_argument("page", ""), self.get_query_argument("sort", "")
        more = {"down": self.get_query_argument("down", "") == "true", "page": _number(number), "sort": None}
        if column.isdecimal():
            more["sort"] = _number(column)
        await self.reply(lambda: self.desk.tables.page(name, named(asked, self.desk.root), {**asked, **more}))


class NamesHandler(Handler):
    """The names that exist of a kind, for a form to propose."""

    @web.authenticated
    @authorized
    async def get(self, kind: str) -> None:
        """Give them."""
        asked = {key: self.get_query_argument(key, "") for key in ("workspace", "engine")}

        def find() -> list[str]:
            target = named(asked, self.desk.root)
            if target.absent and kind in {"model", "package", "environment"}:
                return []
            return sanitize.data(suggestions.names(cast("Completes", kind), target.workspace, target.engine))

        await self.reply(find)


class OneService(Handler):
    """How a service fares, with a request for it."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Say it."""
        asked = {key: self.get_query_argument(key, "") for key in ("workspace", "engine")}
        await self.reply(lambda: look(name, named(asked, self.desk.root)))


class Do(Handler):
    """One verb, answered when it is done."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Do it."""
        await self.reply(lambda: self.desk.do(self.verb, self.form()))


class Start(Do):
    """One verb as a job, answered when it has begun."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Begin it."""
        await self.reply(lambda: self.desk.start(self.verb, self.form()), 202)


class Cancel(Handler):
    """A job to be stopped."""

    @web.authenticated
    @authorized
    async def post(self, name: str) -> None:
        """Ask it to."""
        await self.reply(lambda: self.desk.jobs.cancel(name))


def routes(desk: Desk) -> list[tuple[str, type[Handler], dict[str, Any]]]:
    """Return each path, as a pattern, with its handler: one for each verb, and what a page needs beside them."""
    own = {"desk": desk}
    each = [(verb.name, {**own, "verb": verb.name}) for verb in verbs("lab")]
    return [
        (f"{PREFIX}/about", About, own),
        (f"{PREFIX}/events", EventStream, own),
        (rf"{PREFIX}/table/(\w{{1,40}})", TableHandler, own),
        (rf"{PREFIX}/names/(\w{{1,40}})", NamesHandler, own),
        (rf"{PREFIX}/service/([\w.-]{{1,128}})", OneService, own),
        (rf"{PREFIX}/cancel/([\w-]{{1,40}})", Cancel, own),
        *((f"{PREFIX}/do/{name}", Do, more) for name, more in each),
        *((f"{PREFIX}/start/{name}", Start, more) for name, more in each),
    ]


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 10 else 0
