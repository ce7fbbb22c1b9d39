"""The magics: ``%%package`` above an entry script, ``%modelpack VERB ...`` in a line."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.completer import SimpleCompletion, context_matcher
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class

from jupyter_modelpack.commands import help as texts
from jupyter_modelpack.commands import perform
from jupyter_modelpack.commands.option import Door
from jupyter_modelpack.commands.parse import Request, find_verb, parse
from jupyter_modelpack.commands.sample import is_json
from jupyter_modelpack.errors import Cancelled, ModelpackError, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.frontends import complaint, show
from jupyter_modelpack.frontends.matcher import suggest
from jupyter_modelpack.frontends.memory import Memory
from jupyter_modelpack.frontends.notebook import take
from jupyter_modelpack.frontends.presenter import Job, TextPresenter
from jupyter_modelpack.frontends.shown import Shown
from jupyter_modelpack.frontends.variables import as_json, is_expression
from jupyter_modelpack.frontends.watch import Watch
from jupyter_modelpack.frontends.widgets.switch import panels
from jupyter_modelpack.frontends.words import split

if TYPE_CHECKING:
    from IPython.core.completer import CompletionContext, SimpleMatcherResult
    from IPython.core.interactiveshell import InteractiveShell

_RED, _PLAIN = "\x1b[31m", "\x1b[0m"


@magics_class
class ModelpackMagics(Magics):
    """Our two magics, with what this notebook used last."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self._names = shell.user_ns
        self._evaluate: Callable[[str], Any] = shell.ev
        self._memory = Memory()
        self._watch = Watch()
        self._building: Future[Any] | None = None

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
        """Package the cell; the text of the help replaces this when the magics are loaded."""
        with one_line():
            return self._do(parse(["package", *split(line)], "cell"), cell=cell)

    def _do(self, request: Request, **more: Any) -> Any:
        if request.skin["help"]:
            return _help([request.verb.name], "cell" if more else "line")
        name = request.skin["bind"]
        if name is not None and not name.isidentifier():
            raise UsageError(f"--as: {name!r} is not a variable name.")
        if "package" in request.values:
            self._await_build(named="package" in request.given)
        request = self._resolve(self._memory.fill(request))
        if request.verb.name == "package":
            request, more["notebook"] = take(request, self._names)
        if request.verb.name == "package" and not request.values["dry_run"] and panels(self.shell):
            return self._in_panel(request, name, **more)
        job = Job(lambda report: self._perform(request, report, **more), lambda result: self._finish(result, name))
        return self._shown(TextPresenter(sys.stdout).present(job), request)

    def _in_panel(self, request: Request, name: str | None, **more: Any) -> None:
        """Build in the background; with a name, come back when it stands for the package that is being made."""
        from jupyter_modelpack.frontends.widgets.presenter import PanelPresenter  # noqa: PLC0415 - at first use

        bound = threading.Event()

        def bind(made: Any) -> None:
            if name is not None:
                self._names[name] = made
            bound.set()

        presenter = PanelPresenter(self.shell, _where(request), block=bool(request.skin.get("wait")))
        job = Job(
            lambda report: self._perform(request, report, made=bind, **more), lambda result: self._finish(result, name)
        )
        self._building = presenter.present(job)
        if name is not None:
            self._building.add_done_callback(lambda _done: bound.set())
            bound.wait()

    def _await_build(self, *, named: bool) -> None:
        """Wait for the package that this notebook is making, so that all cells can be run in a row."""
        building = self._building
        if building is None or named:
            return
        if not building.done():
            _write("Waiting for the package that is being made ...")
        try:
            building.result()
        except Cancelled:
            self._building = None  # somebody wanted that; the package before it is the last one again

    def _resolve(self, request: Request) -> Request:
        """Put a variable's value where its name was given as data or as a sample."""
        found = {}
        for option in ("data", "sample"):
            text = request.values.get(option)
            if text and not is_json(text) and not Path(text).is_file() and is_expression(text, self._names):
                found[option] = as_json(text, self._value(text))
        return replace(request, values={**request.values, **found}) if found else request

    def _value(self, expression: str) -> Any:
        try:
            return self._evaluate(expression)
        except Exception as error:  # the boundary to the user's code
            raise UsageError(f"{expression}: {type(error).__name__}: {error}", code="bad-expression") from error

    def _perform(self, request: Request, report: Reporter, **more: Any) -> Any:
        result = perform(request, report, **more)
        self._watch.learn(request, result)
        self._watch.follow(result, report, self._memory.learn)
        return result

    def _finish(self, result: Any, name: str | None) -> Any:
        self._memory.learn(result)
        if name is not None:
            self._names[name] = getattr(result, "handle", result)
        return result

    def _shown(self, result: Any, request: Request) -> Any:
        try:
            show.follow(result, _write)
        except KeyboardInterrupt:
            return None  # it is how one stops following a log
        if panels(self.shell):
            from jupyter_modelpack.frontends.widgets.panels import panel_of  # noqa: PLC0415 - at first use

            panel = panel_of(result, _where(request))
            if panel is not None:
                return panel
        return Shown(result) if show.view(result) else None


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
    first, *rest = complaint.lines(error)
    text = [f"{_RED}{type(error).__name__}: {first}{_PLAIN}", *rest]
    # The hook by which IPython and ipykernel ask an exception how it wants to be shown.
    vars(error)["_render_traceback_"] = lambda: text
    return error


def _where(request: Request) -> dict[str, Any]:
    """Return the workspace and the engine that were named."""
    return {name: request.values.get(name) for name in ("workspace", "engine")}


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _help(words: list[str], door: Door) -> None:
    text = texts.explain(find_verb(words[0], door), door) if words else texts.overview(door)
    _write(text)


def _question_mark(lines: list[str]) -> list[str]:
    """Make ``%modelpack run?`` ask for help on the verb, where IPython would look for a variable `run`."""
    if len(lines) == 1 and lines[0].lstrip().startswith("%modelpack ") and lines[0].rstrip().endswith("?"):
        return [f"{lines[0].rstrip().rstrip('?')} --help\n"]
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
    ModelpackMagics.modelpack.__doc__ = texts.overview("line")
    ModelpackMagics.package.__doc__ = texts.explain(find_verb("package", "cell"), "cell")
    shell.register_magics(ModelpackMagics)
    if matcher not in shell.Completer.custom_matchers:
        shell.Completer.custom_matchers.append(matcher)
        shell.input_transformers_cleanup.append(_question_mark)


def unload(shell: InteractiveShell) -> None:
    """Take back what `load` registered; the magics stay until the kernel ends."""
    if matcher in shell.Completer.custom_matchers:
        shell.Completer.custom_matchers.remove(matcher)
        shell.input_transformers_cleanup.remove(_question_mark)
