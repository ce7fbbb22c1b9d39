"""The last net for text that comes from elsewhere."""

import pytest

from jupyter_modelpack.redact import Secret, scrub


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("https://u:p@host/x", "https://***@host/x"),
        ("https://u:p@ss@host/x", "https://***@host/x"),
        ("https://u:p'ss@host/x", "https://***@host/x"),
        ('https://u:p"s@s@host/x', "https://***@host/x"),
        ("git+https://token@host/x@v1", "git+https://***@host/x@v1"),
        ("from https://a:b@c to https://d:e@f", "from https://***@c to https://***@f"),
        ("'https://a:b@c/','https://d:e@f/'", "'https://***@c/','https://***@f/'"),
        ("?X-Amz-Signature=abc&u=1&refresh_token=x", "?X-Amz-Signature=***&u=1&refresh_token=***"),
        ("?url=http://h/?token=abc", "?url=http://h/?token=***"),
        ("https://host/x, mail me@host", "https://host/x, mail me@host"),
        ("https://host/@scope/x", "https://host/@scope/x"),
    ],
)
def test_no_part_of_a_urls_password_is_left(text: str, clean: str) -> None:
    assert scrub(text) == clean


def test_known_secrets_query_values_and_headers_are_masked() -> None:
    said = scrub("x hunter2 ?sig=abc&y=1 Authorization: Basic Zm9v", Secret("hunter2"))
    assert said == "x *** ?sig=***&y=1 Authorization: ***"
