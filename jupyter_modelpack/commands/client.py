"""client: a program in another language that scores a package's service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from jupyter_modelpack.clients.program import LANGUAGES
from jupyter_modelpack.commands import lookup, options
from jupyter_modelpack.commands.grammar.option import Option
from jupyter_modelpack.commands.results import ClientProgram
from jupyter_modelpack.errors import Conflict, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.home import expand

if TYPE_CHECKING:
    from jupyter_modelpack.clients.program import Call
    from jupyter_modelpack.engine.base import Service


def client(
    _report: Reporter,
    *,
    package: options.Package = None,
    language: Annotated[
        str, Option("Language of the program", "-l", metavar="LANGUAGE", choices=LANGUAGES)
    ] = LANGUAGES[0],
    service: Annotated[
        str | None,
        Option(
            "Service to score; by default, the one that runs the package", "-s", metavar="SERVICE", completes="service"
        ),
    ] = None,
    data: Annotated[
        str | None,
        Option(
            "JSON that the program sends; by default, the package's sample; in a notebook, also a variable",
            "-d",
            metavar="DATA",
        ),
    ] = None,
    output: Annotated[
        str | None,
        Option("File to write the program to; by default, it is shown", "-o", metavar="FILE", completes="path"),
    ] = None,
    workspace: options.Workspace = None,
    engine: options.Engine = None,
) -> ClientProgram:
    """Return a program that scores a package's service, whether that runs or not; overwrite nothing.

    Where both are named, the package counts: a service that runs another one is not meant.
    """
    from jupyter_modelpack.commands import client_call

    chosen = lookup.engine(engine)
    found = None if service is None else lookup.service(chosen, service, workspace)
    wanted = None
    if found is None or package is not None:
        wanted = lookup.package(lookup.workspace(workspace), package)
        if found is None or not client_call.may_run(found, wanted):
            found = client_call.running(wanted, chosen.services())
    return _program(client_call.call(wanted, found, data), language, output)


def for_service(service: Service, language: str, data: str) -> ClientProgram:
    """Return the program that sends `data` to a service: what a panel offers.

    Args:
        service: It need not run.
        language: One of `LANGUAGES`.
        data: JSON.

    Raises:
        UsageError: `data` is no JSON.
    """
    from jupyter_modelpack.commands import client_call

    return _program(client_call.call(None, service, data), language, None)


def _program(call: Call, language: str, output: str | None) -> ClientProgram:
    from jupyter_modelpack.clients import program as clients

    chosen = clients.language(language)
    text = clients.program(chosen, call)
    if output is not None:
        _write_new(output, text)
    return ClientProgram(
        target=call.target,
        language=language,
        url=call.url,
        keys=call.keys,
        file=output or chosen.file,
        run=chosen.run,
        text=text,
        written=output is not None,
    )


def _write_new(output: str, text: str) -> None:
    try:
        with expand(output).open("x", encoding="utf-8") as file:
            file.write(f"{text}\n")
    except FileExistsError as error:
        raise Conflict(f"{output} is there already, and stays as it is.", hint="Name another file.") from error
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror}.") from error
