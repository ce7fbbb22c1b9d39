"""One parser for shell, line and cell: what it takes, and what it says about a typo."""

import pytest

from jupyter_modelpack.commands.grammar.parse import parse
from jupyter_modelpack.errors import UsageError


def test_options_become_values_with_defaults() -> None:
    request = parse(["package", "--model", "a", "b:2", "-m", "c", "--pip", "x>1", "--dockerfile"], "cell")
    assert request.values["model"] == ("a", "b:2", "c")
    assert request.values["pip"] == ("x>1",)
    assert request.values["dockerfile"] is True
    assert request.values["requirements"] is None
    assert request.given == {"model", "pip", "dockerfile"}


def test_front_end_options_never_reach_the_verb() -> None:
    request = parse(["package", "--wait", "--as", "p"], "cell")
    assert {"wait", "bind", "help", "json"}.isdisjoint(request.values)
    assert (request.presentation["wait"], request.presentation["bind"]) == (True, "p")


def test_a_cell_has_no_script_and_a_shell_has_no_as() -> None:
    assert "script" not in parse(["package"], "cell").values
    with pytest.raises(UsageError, match="one word too many"):
        parse(["package", "score.py"], "cell")
    with pytest.raises(UsageError, match="no option --as"):
        parse(["package", "score.py", "--as", "x"], "shell")


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["pakage"], "There is no verb 'pakage'", "Did you mean package?"),
        (["zzz"], "There is no verb 'zzz'", "There are: package"),
        (["run", "--prot", "1"], "run has no option --prot", "Did you mean --port?"),
        (["package", "--modle=x"], "package has no option --modle", "Did you mean --model?"),
        (["run", "--port", "x"], "'x' is not a whole number", ""),
        (["run", "--port", "80000"], "80000 is not between 0 and 65535", ""),
        (["run", "--port", "9" * 5000], "9 is not between 0 and 65535", ""),
        (["run", "--timeout", "0"], "0 is not between 1 and 86400", ""),
        (["score", "--timeout", "0"], "0 is not between 1 and 86400", ""),
        (["score", "--timeout", "99999999999999"], "99999999999999 is not between 1 and 86400", ""),
        (["gc", "--older-than", "99999999999999"], "is not between 0 and 36500", ""),
        (["package", "--pip", "\udcff"], "'\\udcff' is not UTF-8", ""),
        (["package", "--env-var", "A=\udcff"], "'A=\\udcff' is not UTF-8", ""),
        (["\udcff"], "is not UTF-8", ""),
        (["run", "-e", "A"], "'A' is not KEY=VALUE", ""),
        (["run", "--port"], "expected one argument", ""),
        (["run", "--engine", "doker"], "--engine: 'doker' is none of docker, podman, process.", "Did you mean docker?"),
        (["run", "--engine", "xyz"], "--engine: 'xyz' is none of docker, podman, process.", ""),
        (["run", "--por", "1"], "run has no option --por", "Did you mean --port?"),
        (["images", "x"], "'x' is one word too many", "quotes"),
    ],
)
def test_a_typo_is_named_with_what_was_probably_meant(words: list[str], message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(words, "shell")
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert "\n" not in caught.value.message


def test_help_is_understood_even_beside_nonsense() -> None:
    assert parse(["run", "--help"], "line").presentation["help"] is True
    assert parse(["run", "-h", "--nonsense"], "line").presentation["help"] is True
