"""A form's values become the same request as words; what no option takes is refused in one sentence."""

import pytest

from jupyter_modelpack.commands.grammar.from_json import fill
from jupyter_modelpack.commands.grammar.option import SHELL
from jupyter_modelpack.commands.grammar.parse import parse
from jupyter_modelpack.commands.grammar.verbs import VERBS, options
from jupyter_modelpack.errors import UsageError


@pytest.mark.parametrize(
    ("verb", "form", "words"),
    [
        ("run", {"package": "a", "port": 0, "env_var": ["A=1", "B=2"]}, "run a --port 0 -e A=1 B=2"),
        ("package", {"script": "s.py", "model": ["m"], "dry_run": True}, "package s.py -m m --dry-run"),
        ("package", {"script": "s.py", "name": "", "model": [], "tag": None}, "package s.py"),
        ("images", {}, "images"),
    ],
)
def test_a_form_says_what_words_say(verb, form, words):
    filled, typed = fill(verb, form, "lab"), parse(words.split(), "line")
    assert filled.verb == typed.verb
    assert filled.values == typed.values


@pytest.mark.parametrize(
    ("verb", "form", "said"),
    [
        ("run", {"prot": 1}, "run has no option 'prot'"),
        ("run", {"port": "1"}, "whole number"),
        ("run", {"port": True}, "whole number"),
        ("run", {"port": 1.5}, "whole number"),
        ("run", {"port": -1}, "port: '-1' is not a whole number"),
        ("run", {"port": 10**5000}, "port"),
        ("run", {"port": 65536}, "not between 0 and 65535"),
        ("run", {"replace": "yes"}, "true or false"),
        ("run", {"env_var": "A=1"}, "takes a list"),
        ("run", {"env_var": ["A"]}, "is not KEY=VALUE"),
        ("run", {"env_var": ["A=1"] * 1001}, "at most 1000"),
        ("run", {"engine": "rkt"}, "none of docker, podman, process"),
        ("run", {"package": {"a": 1}}, "package is text"),
        ("run", {"package": "\ud800"}, "not UTF-8"),
        ("run", {"bind": "x"}, "no option .bind."),  # a notebook's
        ("registry", {}, "no verb"),
        ("nonsense", {}, "no verb"),
    ],
)
def test_what_no_option_takes_is_refused(verb, form, said):
    with pytest.raises(UsageError, match=said):
        fill(verb, form, "lab")


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb.places != SHELL], ids=lambda verb: verb.name)
def test_every_verb_can_be_filled_in_with_nothing(verb):
    assert fill(verb.name, {}, "lab").values == {
        option.name: option.default for option in options(verb.name, "lab") if not option.presentation
    }
