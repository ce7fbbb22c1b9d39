"""Declared once: what one touches to add an option or a verb, and what reading the declarations brings in."""

import ast
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import get_args, get_type_hints

import pytest

from jupyter_modelpack.commands.grammar.option import SHELL
from jupyter_modelpack.commands.grammar.verbs import VERBS, function, options
from jupyter_modelpack.frontends.render.views import view
from tests.services import CHECKOUT

PACKAGE = CHECKOUT / "jupyter_modelpack"
OPTIONS = [
    option for verb in VERBS for place in verb.places for option in options(verb.name, place) if not option.presentation
]
HEAVY = ("engine", "registry", "store", "oci", "api", "catalog", "delivery", "analysis", "builder", "frontends")

WORDS = {"data", "description", "engine", "file", "image", "kind", "model", "name", "package", "path", "pull", "port"}
WORDS |= {"dockerfile", "folder", "ours", "plan", "registry", "service", "target", "workspace"}
"""Names of options that are fields of results, columns, routes or verbs as well: their flags tell them apart."""

OPTIONS_KNOWN_BY_NAME = {
    "commands/grammar/help.py": {"model", "name", "pip", "requirements", "sample", "dry_run"},  # the cell's examples
    "commands/grammar/parse.py": {"model", "script"},  # where a word belongs that stands alone
    "frontends/notebook/cell_definitions.py": {"model"},  # what to do about what cannot be carried
    "frontends/notebook/pickle_variable.py": {"method", "model"},  # what to do about what cannot be pickled, or called
    "frontends/notebook/session.py": {"dry_run", "sample", "script"},  # has no panel; may be variables of the notebook
    "frontends/notebook/snapshot.py": {"method", "script"},  # may be a variable, which has methods
    "frontends/notebook/variable_json.py": {"sample"},  # what to do about columns without usable names
    "frontends/notebook/watch.py": {"env_var", "no_prove", "prove", "replace", "timeout", "watch"},  # what it repeats
    "frontends/widgets/service_panel.py": {"language"},  # what the page asks a program for
    "frontends/lab/tables.py": {"prove"},  # the verb, whose button it is
    "frontends/lab/service.py": {"sample"},  # a field of the form that scores
    "frontends/render/views.py": {"repair", "sample", "tag", "workspace"},  # what to type next
}
"""Where grammar and front ends know an option by its name, and why."""

VERBS_KNOWN_BY_NAME = {
    "commands/grammar/help.py": {"register", "run", "score", "kill"},  # the first steps
    "frontends/cli.py": {"score"},  # reads standard input
    "frontends/lab/app.py": {"logs", "panel", "doctor", "score", "client", "plan"},  # after which nothing has changed
    "frontends/lab/tables.py": {"run", "prove", "push", "save"},  # the buttons of a row
    "frontends/live/tables.py": {"run", "delete", "kill", "remove"},  # likewise
    "frontends/notebook/watch.py": {"prove"},  # the option of that name
    "frontends/notebook/session.py": {"capture"},  # it takes variables for models, as package does
    "frontends/render/views.py": {"score"},  # the title of an address
    "frontends/widgets/package_panel.py": {"run", "push", "save", "kill"},  # likewise
    "frontends/widgets/service_panel.py": {"score", "client", "logs", "kill"},  # likewise
    "frontends/widgets/tables_panel.py": {"run", "delete", "kill", "remove"},  # likewise
}
"""Where grammar and front ends know a verb by its name, and why."""

NOUNS = {"package", "packages", "models", "images", "services", "script", "version"}
"""Verbs whose names are tables, kinds or fields as well."""


def sources(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    said = subprocess.check_output(["git", "ls-files", "-z", *(f"{folder}*.py" for folder in folders)], cwd=PACKAGE)
    for name in filter(None, said.decode().split("\0")):
        if (PACKAGE / name).is_file():
            yield name, ast.parse((PACKAGE / name).read_bytes())


def texts(module: ast.Module) -> list[str]:
    """Return the string literals, docstrings left out."""
    nodes = list(ast.walk(module))
    notes = {node.value for node in nodes if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in notes
    ]


def known_by_name(module: ast.Module) -> set[str]:
    """Return the options that a module's literals name: by a flag in a text, or by a literal of the bare name."""
    said = texts(module)
    return {
        option.name
        for option in OPTIONS
        if (option.name in said and option.name not in WORDS)
        or any(re.search(rf"{re.escape(flag)}(?![\w-])", text) for flag in option.flags[:1] for text in said)
    }


def test_an_option_is_declared_in_its_verbs_signature_or_where_verbs_share_it():
    homes = {f"commands/{verb.name}.py" for verb in VERBS} | {"commands/options.py", "commands/grammar/verbs.py"}
    modules = list(sources(""))
    found = {
        name
        for name, module in modules
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Option"
    }
    assert found <= homes
    helps = Counter(text for _, module in modules for text in texts(module))
    assert [option.help for option in OPTIONS if helps[option.help] > 1] == []


def test_what_is_made_of_the_declarations_names_no_option_but_for_a_reason():
    found = {
        name: known
        for name, module in sources("commands/grammar/", "frontends/")
        if name != "commands/grammar/verbs.py"  # its examples are help texts
        if (known := known_by_name(module))
    }
    assert found == OPTIONS_KNOWN_BY_NAME


def test_a_verb_is_its_file_a_row_of_the_table_and_its_view():
    for verb in VERBS:
        assert (PACKAGE / "commands" / f"{verb.name}.py").is_file()
        result = get_type_hints(function(verb.name))["return"]
        for one in get_args(result) or (result,):
            assert view.dispatch(one) is not view.dispatch(object), one
    names = {verb.name for verb in VERBS} - NOUNS
    found = {
        name: known
        for name, module in sources("commands/grammar/", "frontends/")
        if name != "commands/grammar/verbs.py"
        if (known := names & set(texts(module)))
    }
    assert found == VERBS_KNOWN_BY_NAME


def test_listing_the_verbs_imports_none_of_them_and_their_options_bring_in_nothing_that_works():
    program = f"""
import json, sys
from jupyter_modelpack.commands.grammar import help as texts
from jupyter_modelpack.commands.grammar.verbs import options
texts.overview("shell")
listed = list(sys.modules)
for verb in {[verb.name for verb in VERBS]}:
    options(verb, "shell")
print(json.dumps([listed, list(sys.modules)]))
"""
    listed, read = json.loads(subprocess.check_output([sys.executable, "-c", program]))
    ours = {name.removeprefix("jupyter_modelpack.commands.") for name in listed}
    assert ours.isdisjoint({verb.name for verb in VERBS} | {"results"})
    assert [name for name in read if name.startswith(tuple(f"jupyter_modelpack.{one}" for one in HEAVY))] == []
    assert {"IPython", "docker", "http.client", "requests", "ssl", "tarfile", "uv"}.isdisjoint(read)


@pytest.mark.parametrize("verb", [verb.name for verb in VERBS if verb.places != SHELL])
def test_no_verb_takes_what_only_the_front_end_is_told(verb):
    own = {option.name for option in options(verb, "line") if option.presentation}
    assert {"help", "bind"} <= own
    assert own.isdisjoint(function(verb).__kwdefaults__ or {})
