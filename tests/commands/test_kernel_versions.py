"""What is asked for by its name alone is packaged as the Python has it that made the model, as a shell types it."""

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jupyter_modelpack.api.workspace import Workspace
from tests.builder.small_wheels import wheel
from tests.capture.environments import environment
from tests.commands.index import list_files, served
from tests.commands.packages import modelpack

SCRIPT = "import {}\ndef init(): ...\ndef run(data):\n    return data\n"


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with tool 1.0, which needs part 1.0; the index has 2.0 of both."""
    folder = tmp_path_factory.mktemp("kernel")
    put(folder, "part", "1.0")
    put(folder, "tool", "1.0", needs=("part",))
    put(folder, "gone", "1.0")
    return environment(folder / "env", ["--no-index", "--find-links", folder, "tool", "part", "gone"])


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("index")
    for version in ("1.0", "2.0"):
        put(root / "part", "part", version)
        put(root / "tool", "tool", version, needs=("part",))
        put(root / "other", "other", version, needs=("part",))
        put(root / "new", "new", version, needs=("part>=2",))
    put(root / "gone", "gone", "2.0")
    for folder in root.iterdir():
        list_files(folder)
    with served(root) as address:
        yield address


def put(folder: Path, name: str, version: str, needs: tuple[str, ...] = ()) -> None:
    wheel(folder, name, {f"{name}.py": version.encode()}, version=version, needs=needs)


Packed = Callable[..., tuple[dict[str, str], str]]


@pytest.fixture
def packaged(kernel, index, tmp_path, base_image, home) -> Packed:
    """Package a script that imports `imports`; return the versions in the image, and what was printed."""

    def package(*words: str, imports: str = "json") -> tuple[dict[str, str], str]:
        (tmp_path / "score.py").write_text(SCRIPT.format(imports))
        done = modelpack(
            "package",
            "score.py",
            "--from-python",
            str(kernel),
            *words,
            cwd=tmp_path,
            MODELPACK_BASE_IMAGE=str(base_image),
            UV_INDEX=index,
        )
        assert done.returncode == 0, done.stderr
        name = next(line.split()[1] for line in done.stdout.splitlines() if line.startswith("reference"))
        [lock] = [tomllib.loads(one.lock) for one in Workspace.get("default").packages if one.location == name]
        ours = {one["name"]: one["version"] for one in lock["packages"]}
        return {name: ours[name] for name in ("tool", "part", "other", "new", "gone") if name in ours}, done.stderr

    return package


def test_a_name_alone_means_the_version_of_the_kernel_and_so_does_what_it_needs(packaged):
    assert packaged("--pip", "tool")[0] == {"tool": "1.0", "part": "1.0"}


def test_upgrade_means_the_newest_and_says_what_differs(packaged):
    found, said = packaged("--pip", "tool", "--upgrade")
    assert found == {"tool": "2.0", "part": "2.0"}
    assert "Other versions than in this Python: part 2.0 (here 1.0), tool 2.0 (here 1.0)" in said
    assert packaged("--pip", "tool")[0] == {"tool": "1.0", "part": "1.0"}


def test_what_is_said_is_obeyed_and_told(packaged):
    found, said = packaged("--pip", "tool==2.0")
    assert found == {"tool": "2.0", "part": "1.0"}
    assert "Other versions than in this Python: tool 2.0 (here 1.0)" in said


def test_what_the_kernel_lacks_gets_what_the_kernel_has_of_the_rest(packaged):
    assert packaged("--pip", "other")[0] == {"other": "2.0", "part": "1.0"}


def test_what_cannot_be_as_in_the_kernel_is_told(packaged):
    found, said = packaged("--pip", "new", "--pip", "gone")
    assert found == {"new": "2.0", "part": "2.0", "gone": "2.0"}
    assert "gone 2.0 (here 1.0), part 2.0 (here 1.0)" in said


def test_without_requirements_they_are_what_the_script_imports(packaged):
    found, said = packaged(imports="tool")
    assert found == {"tool": "1.0", "part": "1.0"}
    assert "Captured from this Python: tool==1.0 (score.py, line 1)" in said


def test_a_python_that_is_none_is_named(tmp_path, home):
    (tmp_path / "score.py").write_text(SCRIPT.format("json"))
    done = modelpack("package", "score.py", "--from-python", "nowhere", cwd=tmp_path)
    assert done.returncode == 3
    assert done.stderr.startswith(
        "modelpack: nowhere is no Python, and no folder of an environment with one: No such file"
    )


def test_the_lock_is_made_for_the_python_that_made_the_model(tmp_path, home):
    program = tmp_path / "python3.9"
    program.write_text('#!/bin/sh\ncase "$2" in *file_of*) echo {};; *) echo \'[[], "3.9"]\';; esac\n')
    program.chmod(0o755)
    (tmp_path / "score.py").write_text(SCRIPT.format("json"))
    done = modelpack(
        "plan", "score.py", "--from-python", str(program), cwd=tmp_path, UV_OFFLINE="1", MODELPACK_BASE_IMAGE=""
    )
    assert "Resolving 2 requirements for Python 3.9 " in done.stderr
