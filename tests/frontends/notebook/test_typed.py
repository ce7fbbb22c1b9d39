"""What people type: spaces, quotes, other scripts, typing errors, questions."""

from pathlib import Path

import pytest
from IPython.core.completer import provisionalcompleter

from jupyter_modelpack.commands.grammar.help import CELL_EXAMPLES
from jupyter_modelpack.commands.grammar.parse import parse
from jupyter_modelpack.commands.grammar.verbs import options
from jupyter_modelpack.frontends.notebook.split_line import split

ODD = "mein Modell ünï 模型 'a'.txt"


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    (tmp_path / ODD).write_text("0")
    return tmp_path


def versions(shell, name: str) -> int:
    return len(shell.run_cell(f"%modelpack models {name}").result.result.rows)


@pytest.mark.parametrize("quoted", [f'"{ODD}"', ODD.replace(" ", r"\ ").replace("'", r"\'"), "{path}", "$path"])
def test_quotes_spaces_and_unicode_survive(shell, odd: Path, quoted: str) -> None:
    shell.user_ns["path"] = f'"{ODD}"'
    assert shell.run_cell(f"%modelpack register {quoted} --name odd").success
    assert versions(shell, "odd") == 1


def test_quotes_and_unicode_survive_above_a_cell(shell, odd: Path) -> None:
    body = "import os\ndef init(): ...\ndef run(data): return [data, *os.listdir(os.environ['AZUREML_MODEL_DIR'])]\n"
    shell.run_cell(f'%modelpack register "{ODD}" --name odd')
    done = shell.run_cell("%%package --dry-run --model odd --sample '\"ü 模\"'\n" + body)
    assert done.result.result.value == ['"ü 模"', ODD]


def test_a_cells_line_expands_variables_and_its_body_does_not(shell, odd: Path) -> None:
    (odd / "m.txt").write_text("0")
    shell.user_ns.update(file="m.txt", value=7)
    body = "import os\ndef init(): ...\ndef run(data): return [data, '{file} $value', os.environ['A']]\n"
    done = shell.run_cell(f"%%package --dry-run --model {{file}} --sample $value --env-var 'A=$value'\n{body}")
    assert done.result.result.value == ["7", "{file} $value", "$value"]  # in single quotes IPython leaves it


def test_expansion_is_that_of_ipython(shell, odd: Path) -> None:
    (odd / "m1.txt").write_text("0")
    shell.user_ns["n"] = 0
    assert shell.run_cell("%modelpack register m{n + 1}.txt --name a").success
    assert versions(shell, "a") == 1
    done = shell.run_cell("%modelpack register {nosuch}.txt --name b")  # as IPython does: what is unknown stays
    assert "{nosuch}.txt" in done.error_in_exec.message


@pytest.mark.parametrize(
    ("cell", "hint"),
    [
        ("%modelpack rnu", "Did you mean run?"),
        ("%modelpack run --prot 1", "Did you mean --port?"),
        ("%%package --modle x\ndef init(): ...", "Did you mean --model?"),
        ("%modelpack run --engine dokcer", "Did you mean docker?"),
        ("%modelpack models --workspace defualt", "Did you mean default?"),
    ],
)
def test_the_nearest_name_is_proposed(shell, cell: str, hint: str) -> None:
    shell.run_cell("%modelpack models")  # makes the workspace
    error = shell.run_cell(cell).error_in_exec
    assert error.hint.startswith(hint)


@pytest.mark.network
def test_the_nearest_package_environment_and_service_are_proposed(shell, base_image, monkeypatch) -> None:
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    cell = "def init(): ...\ndef run(data): return 1\n"
    assert shell.run_cell(f"%%package --name prices\n{cell}").success
    assert shell.run_cell("%modelpack run --port 0 --name house").success
    code = "from jupyter_modelpack import *\n_ = Environment('plain').register(Workspace.default())"
    assert shell.run_cell(code).success
    try:
        for wrong, meant in (
            ("%modelpack run pirces", "prices"),
            ("%modelpack score --service huose 1", "house"),
            ("%modelpack logs hosue", "house"),
            (f"%%package --env plian\n{cell}", "plain"),
        ):
            assert shell.run_cell(wrong).error_in_exec.hint.startswith(f"Did you mean {meant}?")
    finally:
        shell.run_cell("%modelpack kill house")


def test_the_nearest_model_is_proposed(shell, tmp_path: Path) -> None:
    (tmp_path / "m.txt").write_text("0")
    shell.run_cell("%modelpack register m.txt --name diabetes")
    error = shell.run_cell("%%package --model diabtes\ndef init(): ...\ndef run(data): ...\n").error_in_exec
    assert error.hint == "Did you mean diabetes?"


def test_a_question_about_the_cell_magic_explains_with_an_example(shell, capsys) -> None:
    shell.run_cell("%%package?")
    said = capsys.readouterr().out
    assert "usage: %%package [options]" in said
    assert "%%package --model diabetes" in said
    for option in options("package", "cell"):
        assert option.flags[0] in said


def test_a_question_about_a_verb_explains_with_an_example(shell, capsys) -> None:
    shell.run_cell("%modelpack run?")
    said = capsys.readouterr().out
    assert "examples:\n  %modelpack run\n" in said
    for option in options("run", "line"):
        assert (option.flags[0] if option.flags else option.metavar) in said


@pytest.mark.parametrize(
    ("line", "option"),
    [("%modelpack run --wa", "--watch"), ("%%package --sam", "--sample"), ("%%package --dry", "--dry-run")],
)
def test_the_new_options_complete_in_the_shell(shell, line: str, option: str) -> None:
    with provisionalcompleter():
        found = [each.text for each in shell.Completer.completions(line, len(line))]
    assert found == [option]


@pytest.mark.parametrize("sample", ["""table[["a b", 'ü']].head( 1 )""", "table['rows'][:1]", "'table[\"rows\"][:1]'"])
def test_quotes_and_spaces_of_an_expression_survive(shell, sample: str) -> None:
    shell.run_cell(
        "class Table(dict):\n"
        "    def __getitem__(self, key): return self if isinstance(key, list) else dict.__getitem__(self, key)\n"
        "    def head(self, count): return self['rows'][:count]\n"
        "table = Table({'rows': [1, 2]})\n"
    )
    done = shell.run_cell(f"%%package --dry-run --sample {sample}\ndef init(): ...\ndef run(data): return data\n")
    assert done.result.result.value == "[1]"


def test_as_binds_what_came_out(shell) -> None:
    shell.run_cell("%%package --dry-run --sample 7 --as answer\ndef init(): ...\ndef run(data): return data * 2\n")
    assert shell.user_ns["answer"] == "77"


@pytest.mark.parametrize("example", CELL_EXAMPLES)
def test_the_examples_above_a_cell_parse_and_are_shown(shell, capsys, example: str) -> None:
    assert parse(split(example), "cell").verb.name == "package"
    shell.run_cell("%%package?")
    assert f"  %%{example}" in capsys.readouterr().out
