"""The magics: ``%%package`` above an entry script, ``%modelpack VERB ...`` in a line."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from IPython.core.completer import SimpleCompletion, context_matcher
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class

from jupyter_modelpack import supported
from jupyter_modelpack.commands.grammar import help as texts
from jupyter_modelpack.commands.grammar.option import Place
from jupyter_modelpack.commands.grammar.parse import VerbCall, find_verb, parse
from jupyter_modelpack.errors import Cancelled, ModelpackError
from jupyter_modelpack.frontends.notebook.completer import suggest
from jupyter_modelpack.frontends.notebook.split_line import split
from jupyter_modelpack.frontends.render import errors
from jupyter_modelpack.frontends.widgets.detect import hint, panels

if TYPE_CHECKING:
    from IPython.core.completer import CompletionContext, SimpleMatcherResult
    from IPython.core.interactiveshell import InteractiveShell

    from jupyter_modelpack.frontends.notebook.session import Session

HEAD_START = 0.04
"""Seconds of the tenth of a second that `%load_ext` may take; the rest goes to our own imports and to taking turns."""

_RED, _PLAIN = "\x1b[31m", "\x1b[0m"


@magics_class
class ModelpackMagics(Magics):
    """Our two magics."""

    @line_magic
    def modelpack(self, line: str) -> Any:
        """Do a verb; the text of the help replaces this when the magics are loaded."""
        with one_line():
            words = split(line)
            if not words or words[0] in {"help", "--help", "-h"}:
                return _help(words[1:], "line")
            return self._do(parse(words, "line"))

    @cell_magic
    def package(self, line: str, cell: str) -> Any:
        """Package the cell; IPython shows the text of the help in place of this."""
        with one_line():
            return self._do(parse(["package", *split(line)], "cell"), cell=cell)

    @cached_property
    def session(self) -> Session:
        """What does the work; imported when there is some."""
        from jupyter_modelpack.frontends.notebook.session import Session  # noqa: PLC0415 - as it says

        return Session(self.shell)

    def _do(self, request: VerbCall, **more: Any) -> Any:
        if request.presentation["help"]:
            return _help([request.verb.name], "cell" if more else "line")
        return self.session.do(request, **more)


@contextmanager
def one_line() -> Iterator[None]:
    """Show an error of ours as its message, without a traceback; the cell still counts as failed."""
    try:
        yield
    except KeyboardInterrupt:
        raise _told(Cancelled("Cancelled.")) from None
    except ModelpackError as error:
        raise _told(error) from None


def _told(error: ModelpackError) -> ModelpackError:
    first, *rest = errors.lines(error)
    text = [f"{_RED}{type(error).__name__}: {first}{_PLAIN}", *rest]
    # The hook by which IPython and ipykernel ask an exception how it wants to be shown.
    vars(error)["_render_traceback_"] = lambda: text
    return error


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _help(words: list[str], place: Place) -> None:
    text = texts.explain(find_verb(words[0], place), place) if words else texts.overview(place)
    _write(text)


def _question_mark(lines: list[str]) -> list[str]:
    """Make ``%modelpack run?`` ask for help on the verb, where IPython would look for a variable `run`."""
    if len(lines) == 1 and lines[0].lstrip().startswith("%modelpack ") and lines[0].rstrip().endswith("?"):
        return [f"{lines[0].rstrip().rstrip('?')} --help\n"]
    return lines


def _empty_cell(lines: list[str]) -> list[str]:
    """Let ``%%package --model ridge`` above nothing reach us; IPython refuses a magic above an empty cell."""
    if lines and lines[0].startswith("%%package ") and not "".join(lines[1:]).strip() and "?" not in lines[0]:
        return [f"{lines[0].rstrip()}\n", "\n"]
    return lines


@context_matcher(identifier="modelpack")  # type: ignore[untyped-decorator]
def matcher(context: CompletionContext) -> SimpleMatcherResult:
    """Complete our verbs, options and names."""
    found = suggest(context.text_until_cursor, context.cursor_line)
    if found is None:
        return {"completions": []}
    words, fragment = found
    return {
        "completions": [SimpleCompletion(word, type="param") for word in words],
        "matched_fragment": fragment,
        "suppress": True,
    }


def load(shell: InteractiveShell) -> None:
    """Register the magics and their completion; loading twice changes nothing."""
    with one_line():
        supported.check()
    ModelpackMagics.modelpack.__doc__ = texts.overview("line")
    # IPython asks for this text when help is shown: loading need not import what the options are read from.
    vars(ModelpackMagics.package)["getdoc"] = lambda: texts.explain(find_verb("package", "cell"), "cell")
    shell.register_magics(ModelpackMagics)
    if matcher not in shell.Completer.custom_matchers:
        shell.Completer.custom_matchers.append(matcher)
        shell.input_transformers_cleanup.extend((_question_mark, _empty_cell))
        if panels(shell):
            # While the reader turns to the next cell: its panel should be there at once. Where all cells
            # are run in a row nobody turns, so it gets as much of a start as loading may take.
            warming = threading.Thread(target=_warm_up, name="modelpack-warm-up", daemon=True)
            warming.start()
            warming.join(HEAD_START)
        elif said := hint(shell):
            _write(said)
        if lacking := supported.lacking():
            _write(lacking)


def _warm_up() -> None:
    # No more than a panel needs: whatever else were imported here would take turns with the cell that shows it.
    for name in ("notebook.session", "widgets.presenter"):
        importlib.import_module(f"jupyter_modelpack.frontends.{name}")


def unload(shell: InteractiveShell) -> None:
    """Take back what `load` registered; the magics stay until the kernel ends."""
    if matcher in shell.Completer.custom_matchers:
        shell.Completer.custom_matchers.remove(matcher)
        shell.input_transformers_cleanup.remove(_question_mark)
        shell.input_transformers_cleanup.remove(_empty_cell)
