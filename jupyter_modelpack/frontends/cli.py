"""The command line: ``modelpack VERB ...``.

Results go to standard output, everything else to standard error. Exit codes: 0 done, 2 wrong input,
3 not found, 4 something in the way, 5 bytes that cannot be trusted, 6 registry, engine or disk not
available, 7 denied, 8 the build failed, 130 cancelled, 1 anything else. Each stands on its class in `errors`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from jupyter_modelpack.commands.grammar.parse import VerbCall
    from jupyter_modelpack.errors import ModelpackError

_HELP = {"help", "--help", "-h"}
_VERSION = {"--version", "-V"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and words[0] in _VERSION:
        return _version()
    from jupyter_modelpack.errors import Cancelled, ModelpackError

    try:
        if not words or words[0] in _HELP:
            return _help(words[1:])
        return _run(words)
    except ModelpackError as error:
        if os.environ.get("MODELPACK_DEBUG"):
            raise
        return _complain(error)
    except KeyboardInterrupt:
        return Cancelled.exit_code
    except BrokenPipeError:
        # The reader has closed its end (`| head`): there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get("MODELPACK_DEBUG"):
            raise
        return _confess(error)


def _version() -> int:
    from jupyter_modelpack._version import __version__

    _write(sys.stdout, f"modelpack {__version__}")
    return 0


def _help(words: Sequence[str]) -> int:
    from jupyter_modelpack.commands.grammar import help as texts
    from jupyter_modelpack.commands.grammar.parse import find_verb

    _write(sys.stdout, texts.explain(find_verb(words[0], "shell"), "shell") if words else texts.overview("shell"))
    return 0


def _run(words: Sequence[str]) -> int:
    from jupyter_modelpack.commands.grammar.parse import parse

    request = parse(words, "shell")
    if request.presentation["help"]:
        return _help(words[:1])

    from jupyter_modelpack import supported

    supported.check()
    from jupyter_modelpack.commands import perform
    from jupyter_modelpack.frontends.render.presenter import TextPresenter, VerbTask

    more = {"stdin": sys.stdin.read} if request.verb.name == "score" else {}
    task = VerbTask(lambda report: perform(request, report, **more), lambda result: result)
    # The API prints a few lines of its own; on standard output they would stand among the results.
    with redirect_stdout(sys.stderr):
        result = TextPresenter(sys.stderr).present(task)
    return _show(result, request)


def _show(result: Any, request: VerbCall) -> int:
    if request.presentation["json"]:
        from jupyter_modelpack.frontends.render.json import text as json_text

        _write(sys.stdout, json_text(result))
        return _code(result)
    from jupyter_modelpack.frontends.render.text import text
    from jupyter_modelpack.frontends.render.views import follow, view

    follow(result, lambda line: _write(sys.stdout, line))
    shown = view(result)
    if shown:
        _write(sys.stdout, text(shown))
    return _code(result)


def _code(result: Any) -> int:
    """Return the code of bytes that cannot be trusted when `check` has found what it could not mend."""
    from jupyter_modelpack.errors import Untrusted

    return 0 if getattr(result, "sound", True) else Untrusted.exit_code


def _complain(error: ModelpackError) -> int:
    from jupyter_modelpack.frontends.render.errors import lines

    first, *rest = lines(error)
    _write(sys.stderr, "\n".join([f"modelpack: {first}", *rest]))
    return error.exit_code


def _confess(error: Exception) -> int:
    from jupyter_modelpack.errors import ModelpackError
    from jupyter_modelpack.frontends.render.errors import bug

    _write(sys.stderr, f"modelpack: this is a bug of modelpack: {bug(error)}; MODELPACK_DEBUG=1 shows where")
    return ModelpackError.exit_code


def _write(stream: TextIO, text: str) -> None:
    stream.write(f"{text}\n")
    stream.flush()


if __name__ == "__main__":
    sys.exit(main())
