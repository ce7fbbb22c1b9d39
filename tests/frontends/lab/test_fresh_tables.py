"""Rows of tables that were read before a change are shown once at the most."""

from dataclasses import replace

from jupyter_modelpack.frontends.lab import tables
from jupyter_modelpack.frontends.lab.tables import Tables
from jupyter_modelpack.frontends.lab.target import Target
from jupyter_modelpack.frontends.live.tables import SOURCES

HERE = Target("here")


def test_what_was_read_while_it_changed_is_read_again(monkeypatch):
    asked, known = [], Tables()

    def load(where):
        asked.append(where)
        if len(asked) == 1:
            known.forget(["models"])  # a change while the first rows are being read

    source = replace(SOURCES["models"], load=load, rows=lambda _found, _where: [])
    monkeypatch.setitem(tables.SOURCES, "models", source)
    for _ in range(3):
        assert list(known.rows("models", HERE)) == []
    assert len(asked) == 2
    known.forget(["models"])
    known.rows("models", HERE)
    assert len(asked) == 3
