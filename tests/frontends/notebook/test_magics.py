"""The magics in a real IPython shell."""

import pytest
from IPython.core.completer import CompletionContext, provisionalcompleter

from jupyter_modelpack.errors import ModelpackError, UsageError
from jupyter_modelpack.frontends.notebook.magics import matcher
from jupyter_modelpack.frontends.render.mime_bundle import Shown


def run(shell, cell: str):
    return shell.run_cell(cell, store_history=False)


def test_loading_twice_changes_nothing(shell) -> None:
    before = len(shell.Completer.custom_matchers), len(shell.input_transformers_cleanup)
    shell.run_line_magic("reload_ext", "jupyter_modelpack")
    assert (len(shell.Completer.custom_matchers), len(shell.input_transformers_cleanup)) == before


def test_a_result_is_shown_as_text_and_html_twins(shell) -> None:
    shown = run(shell, "%modelpack models").result
    assert isinstance(shown, Shown)
    bundle, _ = shell.display_formatter.format(shown)
    assert bundle["text/plain"].splitlines()[0].split()[0] == "NAME"
    assert "<table>" in bundle["text/html"]
    assert shown.result.rows == ()


def test_a_mistake_is_one_line_and_fails_the_cell(shell, capsys) -> None:
    done = run(shell, "%modelpack modles")
    assert isinstance(done.error_in_exec, UsageError)
    said = capsys.readouterr()
    assert said.out + said.err == "\x1b[31mUsageError: There is no verb 'modles'.\x1b[0m\nDid you mean models?\n"


def test_cells_after_a_failed_one_do_not_run_as_if_nothing_had_happened(shell) -> None:
    done = run(shell, "%modelpack models nosuch\nreached = True")
    assert isinstance(done.error_in_exec, ModelpackError)
    assert "reached" not in shell.user_ns


def test_variables_expand_in_the_line_as_ipython_does(shell, tmp_path) -> None:
    (tmp_path / "m.pkl").write_bytes(b"0")
    run(shell, "file, title = 'm.pkl', 'ünï'\n%modelpack register {file} --name $title_x --as made")
    run(shell, "name = 'first'\n%modelpack register {file} --name $name --as made")
    assert shell.user_ns["made"].name == "first"


def test_as_needs_a_variable_name(shell) -> None:
    done = run(shell, "%modelpack models --as 1x")
    assert "not a variable name" in str(done.error_in_exec)


@pytest.mark.network
def test_the_cell_is_the_script_to_the_last_byte_and_is_not_run(shell, base_image, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    body = 'leaked = "--model {nothing} $HOME %modelpack"\n\ndef init(): ...\n\n\ndef run(data):\n    return "ü"\n'
    done = run(shell, f"%%package --name 'cell' --dockerfile --as made\n{body}")
    assert done.success
    assert "leaked" not in shell.user_ns
    assert shell.user_ns["made"].generate_dockerfile
    assert run(shell, "%modelpack save").success  # the package this notebook made last
    assert (tmp_path / "imagefiles" / "azureml-app" / "score.py").read_text() == body


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("def init(): ...\ndef run(data) return 1\n", "line 2"),
        ("def init(): ...\n", "run"),
    ],
)
def test_a_script_that_cannot_work_is_named_before_anything_is_registered(shell, tmp_path, body, said) -> None:
    (tmp_path / "m.pkl").write_bytes(b"0")
    done = run(shell, f"%%package --model m.pkl\n{body}")
    assert isinstance(done.error_in_exec, UsageError)
    assert said in done.error_in_exec.message
    assert run(shell, "%modelpack models").result.result.rows == ()


def complete(text: str, line: int | None = None):
    lines = text.split("\n")
    at = len(lines) - 1 if line is None else line
    return matcher(
        CompletionContext(token="", full_text=text, cursor_position=len(lines[at]), cursor_line=at, limit=None)
    )


@pytest.mark.parametrize(
    ("text", "fragment", "found"),
    [
        ("%modelpack ru", "ru", "run"),
        ("x = %modelpack ru", "ru", "run"),
        ("1\n%modelpack run --po", "--po", "--port"),
        ("%modelpack run --engine ", "", "process"),
        ("%%package --mo", "--mo", "--model"),
        ("%%package --model a --env", "--env", "--env-var"),
    ],
)
def test_options_complete(text: str, fragment: str, found: str) -> None:
    result = complete(text)
    assert found in [completion.text for completion in result["completions"]]
    assert result["matched_fragment"] == fragment
    assert result["suppress"] is True


def test_the_cell_body_and_other_magics_are_none_of_our_business() -> None:
    assert complete("%%package\n--mo") == {"completions": []}
    assert complete("%timeit --mo") == {"completions": []}


def test_registered_models_and_paths_complete(shell, tmp_path) -> None:
    (tmp_path / "model.pkl").write_bytes(b"0")
    run(shell, "%modelpack register model.pkl --name diabetes")
    with provisionalcompleter():
        found = [each.text for each in shell.Completer.completions("%%package --model dia", 21)]
    assert found == ["diabetes"]
    assert [each.text for each in complete("%%package --requirements mod")["completions"]] == ["model.pkl"]


def test_question_marks_explain(shell, capsys) -> None:
    run(shell, "%modelpack run?")
    assert "usage: %modelpack run [PACKAGE] [options]" in capsys.readouterr().out
    assert "--model" in shell.find_line_magic("modelpack").__doc__ + shell.find_cell_magic("package").__doc__


def test_data_may_be_a_variable(shell) -> None:
    from jupyter_modelpack.commands.grammar.parse import parse

    magics = shell.magics_manager.registry["ModelpackMagics"].session
    shell.user_ns["rows"] = {"data": [[1, 2]]}
    resolved = magics._resolve(parse(["score", "rows"], "line"), made=False)
    assert resolved.values["data"] == '{"data": [[1, 2]]}'
    assert magics._resolve(parse(["score", "[1]"], "line"), made=False).values["data"] == "[1]"


def test_a_frames_dates_and_an_arrays_numbers_become_json(shell) -> None:
    shell.run_cell(
        "import datetime, numpy\n"
        "class Frame:\n"  # as pandas gives its rows away
        "    def to_numpy(self): return numpy.array([[datetime.datetime(2026, 1, 2, 3), 1]], object)\n"
        "frame, array = Frame(), numpy.array([[1.5, 2]])\n"
    )
    script = "import json\ndef init(): ...\ndef run(data): return json.loads(data)['data']\n"
    for name, rows in (("frame", [["2026-01-02T03:00:00", 1]]), ("array", [[1.5, 2.0]])):
        done = run(shell, f"%%package --dry-run --sample {name}\n{script}")
        assert done.result.result.value == rows
