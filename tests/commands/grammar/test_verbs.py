"""The declarations are complete: functions, help and completion agree with them."""

import inspect

import pytest

from jupyter_modelpack.commands.grammar import help as texts
from jupyter_modelpack.commands.grammar.complete import complete
from jupyter_modelpack.commands.grammar.option import Completes
from jupyter_modelpack.commands.grammar.parse import parse
from jupyter_modelpack.commands.grammar.verbs import VERBS, function, options
from jupyter_modelpack.frontends.notebook.split_line import split

FROM_FRONT_ENDS = {"cell", "notebook", "made", "packaged", "stdin"}


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_a_verb_takes_exactly_its_options(verb) -> None:
    report, *rest = inspect.signature(function(verb.name)).parameters.values()
    taken = {each.name: each.default for each in rest if each.name not in FROM_FRONT_ENDS}
    declared = {
        option.name: option.default
        for place in verb.places
        for option in options(verb.name, place)
        if not option.presentation
    }
    assert taken == declared
    assert all(each.kind is inspect.Parameter.KEYWORD_ONLY for each in rest)
    assert report.name.lstrip("_") == "report"


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_examples_parse_and_the_help_names_every_option(verb) -> None:
    for example in verb.examples:
        parse(split(example), "shell")
    for place in verb.places:
        text = texts.explain(verb, place)
        for option in options(verb.name, place):
            assert (option.flags[0] if option.flags else option.metavar) in text
        assert max(map(len, text.splitlines())) <= 100


def test_the_overview_names_every_verb_under_a_heading() -> None:
    text = texts.overview("shell")
    for verb in VERBS:
        assert f"  {verb.name} " in text
        assert f"{verb.group}:" in text


def test_no_verb_has_two_options_of_one_name_or_flag() -> None:
    for verb in VERBS:
        for place in verb.places:
            known = options(verb.name, place)
            names = [option.name for option in known]
            flags = [flag for option in known for flag in option.flags]
            assert len(names) == len(set(names)), verb.name
            assert len(flags) == len(set(flags)), verb.name


def names(kind: Completes) -> list[str]:
    return {"model": ["diabetes", "digits"], "service": ["mycontainer"]}.get(kind, [])


@pytest.mark.parametrize(
    ("words", "fragment", "found"),
    [
        ([], "p", ["package", "packages", "panel", "plan", "prove", "pull", "push"]),
        (["run"], "--po", ["--port"]),
        (["run", "--port", "1"], "--po", []),  # given already
        (["run", "--engine"], "", ["docker", "podman", "process"]),
        (["package", "--model"], "di", ["diabetes", "digits"]),
        (["package", "--model", "diabetes"], "di", ["diabetes", "digits"]),
        (["package", "--model", "x"], "--mo", ["--model"]),  # may be repeated
        (["kill"], "my", ["mycontainer"]),
        (["run", "--port"], "", []),
    ],
)
def test_completion(words: list[str], fragment: str, found: list[str]) -> None:
    assert complete(words, fragment, "line", names) == found


def test_a_cell_completes_flags_when_nothing_is_typed() -> None:
    assert "--model" in complete(["package"], "", "cell", names)
    assert "--json" not in complete(["package"], "", "cell", names)
