"""A typed line becomes words as in a shell, with JSON and a variable's brackets left whole."""

import pytest

from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.frontends.notebook.split_line import split


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("  run   --port 0 ", ["run", "--port", "0"]),
        ("--name 'with space' --pip \"a>=1; x\"", ["--name", "with space", "--pip", "a>=1; x"]),
        ('score {"data": [[1, 2]]} --service x', ["score", '{"data": [[1, 2]]}', "--service", "x"]),
        ("score '{\"a\": 1}'", ["score", '{"a": 1}']),
        ("--pip numpy[extra]>1", ["--pip", "numpy[extra]>1"]),
        ("--pip [broken", ["--pip", "[broken"]),
        ("--pip numpy[extra]==1 it's a'", ["--pip", "numpy[extra]==1", "its a"]),
        ("""--sample df[["a b", 'ü']].head( 2 ) --as x""", ["--sample", """df[["a b", 'ü']].head( 2 )""", "--as", "x"]),
        ("--sample X[:2, 'a'] --as x", ["--sample", "X[:2, 'a']", "--as", "x"]),
        ("--env-var GRUSS=grüße-码", ["--env-var", "GRUSS=grüße-码"]),
        ("--tag '' x", ["--tag", "", "x"]),
    ],
)
def test_words(line: str, words: list[str]) -> None:
    assert split(line) == words


def test_a_quote_that_does_not_close_is_one_clear_line() -> None:
    with pytest.raises(UsageError, match="does not end well: no closing quotation"):
        split("--name 'open")
