"""Hostile text becomes harmless before it leaves the kernel."""

import json

import pytest

from jupyter_modelpack.frontends.live import sanitize


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("10%\r50%\r100%", "100%"),
        ("ends\r", "ends"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("nul\x00", "nul\\x00"),
        ("<b>", "<b>"),  # text nodes make it text
    ],
)
def test_a_line(text: str, shown: str) -> None:
    assert sanitize.line(text) == shown


def test_a_line_without_end_is_cut() -> None:
    shown = sanitize.line("x" * 1_000_000)
    assert len(shown) < 2_100
    assert shown.endswith("998000 more characters")


def test_data_is_cleaned_to_the_last_leaf() -> None:
    assert sanitize.data({"a\x00": ["\u202e", ("\x1b",)], "n": 1, "none": None}) == {
        "a\\x00": ["\\u202e", ["\\x1b"]],
        "n": 1,
        "none": None,
    }


def test_data_is_json_that_a_browser_parses() -> None:
    found = sanitize.data({"scores": [float("nan"), float("inf"), -float("inf"), 1.5, 2, True]})
    assert found == {"scores": [None, None, None, 1.5, 2, True]}
    assert json.loads(json.dumps(found, allow_nan=False)) == found
