"""A cell that is run again makes no second package while nothing has changed."""

import pytest

from jupyter_modelpack.frontends.live import start

CELL = "%%package --name again {more}\ndef init(): ...\ndef run(data): return {value}\n"

pytestmark = pytest.mark.network


@pytest.fixture
def cell(shell, base_image, monkeypatch):
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))

    def typed(value: int, more: str = ""):
        done = shell.run_cell(CELL.format(value=value, more=more))
        assert done.success
        return done.result

    return typed


def names(shell) -> list[str]:
    return [row.reference for row in shell.run_cell("%modelpack packages").result.result.rows]


def test_the_same_cell_is_the_same_package_and_the_newest(cell, shell, capsys) -> None:
    first, other = cell(1).result, cell(2).result
    again = cell(1)
    assert (first.before, other.before, again.result.before) == (False, False, True)
    assert again.result.reference == first.reference != other.reference
    assert all(layer.reused for layer in again.result.layers)
    assert repr(again).startswith(f"Packaged before, unchanged: {first.reference}\n")
    assert "Nothing has changed" in capsys.readouterr().out
    assert names(shell) == [first.reference, other.reference]
    assert first.handle.created_time == again.result.handle.created_time


def test_a_dockerfile_and_a_tag_are_other_packages_until_they_are_asked_for_again(cell, shell) -> None:
    image = cell(1).result
    made = cell(1, "--dockerfile").result
    tagged = cell(1, "--tag v1").result
    assert [one.before for one in (image, made, tagged)] == [False] * 3
    assert [cell(1, more).result.reference for more in ("--dockerfile", "--tag v1")] == [
        made.reference,
        tagged.reference,
    ]
    assert len(names(shell)) == 3
    assert cell(2, "--tag v1").result.digest != tagged.digest  # the name is taken over, as docker does


def test_a_new_version_of_a_model_is_a_new_package(cell, shell, tmp_path) -> None:
    (tmp_path / "m.txt").write_text("1")
    first = cell(1, "--model m.txt").result
    assert cell(1, "--model m.txt").result.before
    (tmp_path / "m.txt").write_text("2")
    changed = cell(1, "--model m.txt").result
    assert (changed.before, changed.models) == (False, ("m:2",))
    assert first.reference != changed.reference


def test_the_run_button_finds_the_service_that_runs_whatever_its_port(cell, shell) -> None:
    made = cell(1).result
    shell.run_cell("%modelpack run --port 0 --as service")
    try:
        found = start.start(made.reference, {"workspace": None, "engine": None})
        assert found.before
        assert (found.service.id, found.service.port) == (shell.user_ns["service"].id, shell.user_ns["service"].port)
    finally:
        shell.run_cell("%modelpack kill again")
