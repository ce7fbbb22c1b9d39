"""Panels where a browser would show them, lines everywhere else."""

import importlib.util
from types import SimpleNamespace

import pytest

from jupyter_modelpack.frontends.widgets.detect import hint, panels


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


@pytest.mark.parametrize("missing", ["anywidget", "ipywidgets"])
def test_without_its_parts_there_are_lines_and_one_hint(monkeypatch, missing) -> None:
    found = importlib.util.find_spec
    monkeypatch.delenv("MODELPACK_WIDGETS", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else found(name))
    assert panels(shell(True)) is False
    assert hint(shell(True)).endswith(f"{missing} is not installed here. pip install {missing}")
    assert "\n" not in hint(shell(True))
    assert hint(shell(False)) == ""  # nobody would see a panel: nothing is missing


def test_where_all_is_there_nothing_is_said(monkeypatch) -> None:
    monkeypatch.delenv("MODELPACK_WIDGETS", raising=False)
    assert hint(shell(True)) == ""
