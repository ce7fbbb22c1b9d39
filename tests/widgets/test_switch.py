"""Panels where somebody would see them, lines everywhere else."""

import importlib.util
from types import SimpleNamespace

import pytest

from jupyter_modelpack.frontends.widgets.switch import panels


def shell(allow_stdin: bool | None):
    content = {} if allow_stdin is None else {"allow_stdin": allow_stdin}
    return SimpleNamespace(kernel=SimpleNamespace(get_parent=lambda: {"content": content}))


@pytest.mark.parametrize(
    ("said", "one", "expected"),
    [
        (None, shell(True), True),
        (None, shell(False), False),  # nbclient, papermill, nbval
        (None, shell(None), False),
        (None, SimpleNamespace(), False),  # a terminal
        (None, None, False),
        ("0", shell(True), False),
        ("off", shell(True), False),
        ("1", shell(False), True),
        ("", shell(True), True),
    ],
)
def test_who_gets_a_panel(monkeypatch, said, one, expected) -> None:
    if said is None:
        monkeypatch.delenv("MODELPACK_WIDGETS", raising=False)
    else:
        monkeypatch.setenv("MODELPACK_WIDGETS", said)
    assert panels(one) is expected


def test_without_anywidget_there_are_lines(monkeypatch) -> None:
    monkeypatch.setenv("MODELPACK_WIDGETS", "1")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert panels(shell(True)) is False
