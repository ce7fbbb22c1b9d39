"""A model that another version of its library made is refused before a package is fetched, in a cell and in a shell."""

import pickle  # noqa: TID251 - the tests make the pickles that nobody may load
from collections.abc import Iterator
from pathlib import Path

import pytest
import sklearn

from jupyter_modelpack.api.environment import Environment
from jupyter_modelpack.api.inference import InferenceConfig
from jupyter_modelpack.api.model import Model
from jupyter_modelpack.api.workspace import Workspace
from jupyter_modelpack.errors import BuildFailed, UsageError
from tests.analysis.old_models import old_pickle, pipeline
from tests.commands.index import put_wheel, served
from tests.commands.packages import modelpack, printed

pytestmark = pytest.mark.network

BODY = "def init(): ...\ndef run(data): ...\n"
NEW = sklearn.__version__
MESSAGE = (
    "The model {} was made with scikit-learn 1.5.2 (Pipeline), and the environment has "
    f"scikit-learn {NEW}, which may answer otherwise or not load it."
)
HINT = (
    f"Take the version that made it: --pip scikit-learn==1.5.2 in place of scikit-learn=={NEW}.\n"
    "To package it all the same: --allow-version-drift (allow_version_drift=True in Python)."
)


DIGESTS: list[str] = []
"""Of the wheels on the index."""


@pytest.fixture(autouse=True)
def index(tmp_path: Path, base_image: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An index with two versions of scikit-learn, each of one small module, and a model of the older one."""
    root = tmp_path / "index"
    DIGESTS[:] = [put_wheel(root, "scikit_learn", version) for version in ("1.5.2", NEW)]
    (root / "scikit_learn").rename(root / "scikit-learn")
    (tmp_path / "score.py").write_text(BODY)
    (tmp_path / "old.pkl").write_bytes(old_pickle("1.5.2"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    with served(root) as address:
        monkeypatch.setenv("UV_INDEX", address)
        yield root


def fetched(home: Path) -> list[Path]:
    return [path for digest in DIGESTS for path in (home / "cache" / "wheels").glob(f"*{digest}*")]


def test_in_a_shell(home) -> None:
    words = ["package", "score.py", "--model", "old.pkl", "--pip", f"scikit-learn=={NEW}"]
    done = modelpack(*words)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-3:] == [f"modelpack: {MESSAGE.format('old:1')}", *HINT.splitlines()]
    assert Workspace.default().packages == []
    assert fetched(home) == []

    # What the hint says helps, both ways.
    assert printed("package", "score.py", "--model", "old.pkl", "--pip", "scikit-learn==1.5.2")["models"] == ["old:1"]
    allowed = modelpack(*words, "--allow-version-drift")
    assert allowed.returncode == 0, allowed.stderr
    assert f"Warning: {MESSAGE.format('old:1')}" in allowed.stderr
    assert len(fetched(home)) == 2


def test_a_plan_says_it_of_models_that_are_registered_and_new(home) -> None:
    words = ["score.py", "--model", "old.pkl", "--pip", f"scikit-learn=={NEW}"]
    for verb in (["plan"], ["package", "--plan"]):
        done = modelpack(*verb, *words)
        assert done.returncode == 2
        assert f"modelpack: {MESSAGE.format('old')}" in done.stderr
    assert Workspace.default().models == {}
    printed("register", "old.pkl")
    words[2] = "old"
    assert f"modelpack: {MESSAGE.format('old:1')}" in modelpack("plan", *words).stderr
    assert printed("plan", *words, "--allow-version-drift")["remarks"][0] == f"Warning: {MESSAGE.format('old:1')}"
    assert fetched(home) == []


def test_a_library_that_nobody_asked_for_is_told(home) -> None:
    done = modelpack("package", "score.py", "--model", "old.pkl", "--pip", "six==1.17.0")
    assert done.returncode == 2
    message, advice = done.stderr.splitlines()[-3:-1]
    assert message.endswith("1.5.2 (Pipeline), and the environment has no scikit-learn: it would not load there.")
    assert advice == "Add what made it: --pip scikit-learn==1.5.2."


def test_what_was_captured_is_named_beside_it(home) -> None:
    done = modelpack("plan", "score.py", "--model", "old.pkl")
    assert done.returncode == 2
    assert f"modelpack: {MESSAGE.format('old')}" in done.stderr
    advice = done.stderr.splitlines()[-2]
    assert advice == (
        "Capture from the Python that made it: --from-python PYTHON. Or name what the image needs: "
        "--pip scikit-learn==1.5.2 --pip numpy."
    )
    words = ["plan", "score.py", "--model", "old.pkl", "--pip", "scikit-learn==1.5.2", "--pip", "numpy"]
    assert printed(*words)["steps"]


def test_in_a_cell(shell, home) -> None:
    for line in ("%%package", "%%package --plan", "%%package --dockerfile"):
        error = shell.run_cell(f"{line} --model old.pkl --pip scikit-learn=={NEW}\n{BODY}").error_in_exec
        assert isinstance(error, UsageError)
        assert error.message == MESSAGE.format("old:1")
        assert error.hint == HINT
    assert fetched(home) == []
    cell = shell.run_cell(f"%%package --model old.pkl --pip scikit-learn=={NEW} --allow-version-drift\n{BODY}")
    assert cell.success


def test_a_variable_of_this_kernel_fits_its_own_version(shell) -> None:
    shell.user_ns["fitted"] = pipeline()
    assert shell.run_cell(f"%%package --model fitted --pip scikit-learn=={NEW}\n{BODY}").success
    error = shell.run_cell(f"%%package --model fitted --pip scikit-learn==1.5.2\n{BODY}").error_in_exec
    assert isinstance(error, UsageError)
    assert f"was made with scikit-learn {NEW} (Pipeline), and the environment has scikit-learn 1.5.2" in error.message


def test_in_python_and_under_a_lock(home) -> None:
    ws = Workspace.default()
    environment = Environment("e")
    environment.python.conda_dependencies.add_pip_package(f"scikit-learn=={NEW}")
    config = InferenceConfig(entry_script="score.py", environment=environment)
    Model.register(ws, "old.pkl", "old")
    with pytest.raises(BuildFailed, match=r"was made with scikit-learn 1\.5\.2"):
        Model.package(ws, ["old"], config).wait_for_creation()
    made = Model.package(ws, ["old"], config, allow_version_drift=True)
    made.wait_for_creation()
    Path("pylock.toml").write_text(made.lock)
    with pytest.raises(BuildFailed) as caught:
        Model.package(ws, ["old"], config, lock="pylock.toml").wait_for_creation()
    assert "Take a lock with scikit-learn==1.5.2, or leave --lock out" in caught.value.hint
    Model.package(ws, ["old"], config, lock="pylock.toml", allow_version_drift=True).wait_for_creation()


def test_no_model_is_unpickled(tmp_path) -> None:
    class Bomb:
        def __reduce__(self) -> object:
            return (Path.touch, (tmp_path / "loaded",))

    (tmp_path / "bomb.pkl").write_bytes(pickle.dumps([Bomb()]) + old_pickle("1.5.2"))
    done = modelpack("plan", "score.py", "--model", "bomb.pkl", "--pip", f"scikit-learn=={NEW}")
    assert MESSAGE.format("bomb") in done.stderr
    assert not (tmp_path / "loaded").exists()
