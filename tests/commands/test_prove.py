"""A package answers its sample as the notebook does, or is refused: typed in a shell, run by an engine."""

import contextlib
import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_modelpack.api.package import ModelPackage
from jupyter_modelpack.api.workspace import Workspace
from jupyter_modelpack.builder.local_run.dry_run import try_out_image
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.proof.ask import ProofFailed
from tests.commands.index import put_wheel, served
from tests.commands.packages import PROGRAM, modelpack, printed

pytestmark = pytest.mark.network

SUMS = "import json\ndef init(): ...\ndef run(data): return [sum(row) for row in json.loads(data)['data']]\n"
AML = "azureml.contrib.services"
SAMPLE = '{"data": [[1, 2], [3, 4], [5, 6]]}'


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder for all tests here: what one has fetched and compiled is there for the next."""
    return tmp_path_factory.mktemp("prove") / "home"


@pytest.fixture(autouse=True)
def here(request: pytest.FixtureRequest, tmp_path: Path, base_image: Path, shared: Path, monkeypatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MODELPACK_HOME", str(shared))
    monkeypatch.setenv("MODELPACK_WORKSPACE", request.node.name.translate(str.maketrans("[]_", "---"))[:60].strip("-"))
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    monkeypatch.setenv("MODELPACK_ENGINE", "process")
    (folder / "score.py").write_text(SUMS)
    return folder


def script(here: Path, run: str, init: str = "...", head: str = "") -> None:
    (here / "score.py").write_text(f"{head}\ndef init(): {init}\ndef run(data): {run}\n")


def nothing_is_left(**env: str) -> None:
    assert [row for row in printed("services", **env)["rows"] if row["mine"]] == []
    until(lambda: "modelpack-proof" not in modelpack("images", **env).stdout)  # others may be proving on this engine


def test_it_is_proven_once_and_the_proof_goes_with_the_package(here: Path) -> None:
    made = printed("package", "score.py", "--name", "sums", "--sample", SAMPLE)
    proof = {name: made["proof"][name] for name in ("state", "rows", "equal", "largest", "engine")}
    assert proof == {"state": "proven", "rows": 3, "equal": 3, "largest": 0, "engine": "process"}
    nothing_is_left()

    again = modelpack("package", "score.py", "--name", "sums", "--sample", SAMPLE)
    assert "proven: 3 of 3 equal, largest difference 0" in again.stdout
    assert "Packaged before, unchanged" in again.stdout
    assert "Asking" not in again.stderr

    assert printed("packages")["rows"][0]["proof"] == "proven: 3 of 3 equal, largest difference 0"
    assert "proven: 3 of 3 equal" in modelpack("packages").stdout
    repeated = modelpack("prove", "sums")
    assert (repeated.returncode, "is proven: 3 of 3 equal" in repeated.stdout) == (0, True)

    package = ModelPackage.list(Workspace.default())[0]
    assert repr(package.proof) == "Proof(proven: 3 of 3 equal, largest difference 0)"
    assert package.proof == package.prove()
    with pytest.raises(ProofFailed, match="row 2: the notebook says 0, the package 7 "):
        package.prove(expected=[3, 0, 11])
    assert package.proof.state == "proven"  # by the notebook's own answer, which is kept
    assert package.prove({"data": [[1]]}, [1 + 1e-12]).words == "proven: 1 of 1 equal, largest difference 1e-12"

    assert modelpack("delete", "package", "sums").returncode == 0
    store = Workspace.default().store
    assert store.index().manifests == ()
    modelpack("gc")
    assert list((store.path / "blobs" / "sha256").iterdir()) == []


def test_the_notebooks_answer_goes_into_a_file_and_is_compared_elsewhere(here: Path) -> None:
    digest = printed("package", "score.py", "--name", "sums", "--sample", SAMPLE)["digest"]
    assert digest == printed("package", "score.py", "--name", "sums", "--sample", SAMPLE, "--no-prove")["digest"]
    assert modelpack("save", "sums", "sums.tar").returncode == 0
    elsewhere = {"MODELPACK_WORKSPACE": "elsewhere"}
    assert printed("load", "sums.tar", **elsewhere)["digest"] == digest
    assert printed("packages", **elsewhere)["rows"][0]["proof"] == ""  # nobody has proven it here
    assert printed("prove", "sums", **elsewhere)["proof"]["state"] == "proven"
    assert printed("packages", **elsewhere)["rows"][0]["proof"].startswith("proven: 3 of 3")


def test_without_the_notebooks_answer_the_script_of_another_is_not_run_here(here: Path) -> None:
    printed("package", "score.py", "--name", "sums", "--sample", SAMPLE, "--no-prove")
    modelpack("save", "sums", "sums.tar")
    elsewhere = {"MODELPACK_WORKSPACE": "elsewhere-unproven"}
    printed("load", "sums.tar", **elsewhere)
    refused = modelpack("prove", "sums", **elsewhere)
    assert refused.returncode == 8
    assert "Asking the script in this Python" not in refused.stderr
    assert "it was made elsewhere, and came without the notebook's answers" in refused.stderr
    (here / "answer.json").write_text("[3, 7, 11.0]\n")
    assert printed("prove", "sums", "--expected", "answer.json", **elsewhere)["proof"]["equal"] == 3


@pytest.mark.parametrize("engine", ["process", pytest.param("docker", marks=pytest.mark.engine)])
def test_one_that_answers_otherwise_is_no_package(here: Path, engine: str, request: pytest.FixtureRequest) -> None:
    env = {"MODELPACK_ENGINE": engine}
    if engine == "docker":
        env["DOCKER_HOST"] = request.getfixturevalue("docker_host")
    script(here, "return {'result': [1, six.__version__]}", head="import six")
    words = ("package", "score.py", "--pip", "six==1.16.0", "--name", f"other-{engine}", "--sample", "1")
    refused = modelpack(*words, **env)
    assert refused.returncode == 8
    difference = 'row 2: the notebook says "1.17.0", the package "1.16.0" (1 of 2 equal, largest difference 0).'
    assert f"modelpack: The package does not answer as the notebook does: {difference}" in refused.stderr
    assert "six 1.17.0, the package 1.16.0" in refused.stderr
    assert printed("packages")["rows"] == []
    nothing_is_left(**env)
    assert f"other-{engine}" not in modelpack("images", **env).stdout
    made = printed(*words, "--no-prove", **env)
    assert made["proof"]["reason"] == "the proof was left out"
    assert modelpack("prove", **env).returncode == 8
    assert printed("packages")["rows"][0]["proof"].startswith("not proven: 1 of 2 equal")
    modelpack("remove", made["reference"], **env)


def test_one_that_works_only_here_is_told_with_its_log_and_the_versions(here: Path) -> None:
    script(here, "return 1 if six.__version__ == '1.17.0' else {}['wrong']", head="import six")
    refused = modelpack("package", "score.py", "--pip", "six==1.16.0", "--sample", "1")
    assert refused.returncode == 8
    assert "The package answers its sample with an error, 500" in refused.stderr
    assert "  | KeyError: 'wrong'" in refused.stderr
    assert "six 1.17.0, the package 1.16.0" in refused.stderr
    script(here, "return 1", init="1 if six.__version__ == '1.17.0' else {}['wrong']", head="import six")
    refused = modelpack("package", "score.py", "--pip", "six==1.16.0", "--sample", "1")
    assert "modelpack: The package does not start: it ended with exit code 3: " in refused.stderr
    assert printed("packages")["rows"] == []
    nothing_is_left()


def test_a_python_without_the_packages_says_so_and_takes_the_answer_later(here: Path, tmp_path: Path) -> None:
    script(here, "return [absenthelper.ANSWER]", head="import absenthelper")
    with served(tmp_path / "index") as address:
        put_wheel(tmp_path / "index", "absenthelper", "1.0", "ANSWER = 42\n")
        (here / "r.txt").write_text(f"--extra-index-url {address}\nabsenthelper\n")
        words = ("package", "score.py", "-r", "r.txt", "--name", "absent", "--sample", "1")
        required = modelpack(*words, "--prove")
        assert required.returncode == 8
        assert "It was not proven: this Python has no absenthelper." in required.stderr
        assert printed("packages")["rows"] == []
        made = modelpack(*words)
    assert "proof      not proven: this Python has no absenthelper" in made.stdout
    assert "give the answers in a file: prove absent:" in made.stdout
    assert modelpack("prove").returncode == 8
    (here / "answer.json").write_text("[42]")
    assert printed("prove", "--expected", "answer.json")["proof"]["equal"] == 1
    assert printed("prove")["proof"]["equal"] == 1  # the answer is kept


def test_what_is_no_json_is_compared_as_text(here: Path) -> None:
    script(here, "return AMLResponse(bytes(range(256)), 200)", head=f"from {AML}.aml_response import AMLResponse")
    assert printed("package", "score.py", "--sample", "1")["proof"]["equal"] == 1
    (here / "score.py").write_text("async def init(): ...\nasync def run(data): return [float('nan'), 1]\n")
    assert printed("package", "score.py", "--sample", "1")["proof"]["equal"] == 2


def test_what_is_not_compared_says_why(here: Path) -> None:
    script(here, "return random.random()", head="import random")
    made = printed("package", "score.py", "--sample", "1")
    assert made["proof"]["reason"] == "the script answers differently each time"
    script(here, "return {}[data]")
    assert (
        "the script does not work in this Python: "
        in printed("package", "score.py", "--sample", "1")["proof"]["reason"]
    )
    script(here, "yield 'a part'")
    assert printed("package", "score.py", "--sample", "1")["proof"]["reason"] == "its answer is streamed"
    (here / "answer.txt").write_text("a part")
    assert printed("prove", "--expected", "answer.txt")["proof"]["equal"] == 1
    script(here, "return 'a' * 2_000_000")
    assert "a proof keeps 1 MB" in printed("package", "score.py", "--sample", "1")["proof"]["reason"]
    assert printed("package", "score.py")["proof"] is None
    assert printed("package", "score.py", "--sample", "1", "--dockerfile")["proof"] is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--prove",), "--prove and no --sample: that cannot be."),
        (("--prove", "--no-prove", "--sample", "1"), "--prove and --no-prove: that cannot be."),
        (("--tolerance", "little", "--sample", "1"), "--tolerance little: no number from 0."),
        (("--tolerance", "nan", "--sample", "1"), "--tolerance nan: no number from 0."),
    ],
)
def test_wishes_that_contradict_each_other_are_refused(words: tuple[str, ...], said: str) -> None:
    refused = modelpack("package", "score.py", *words)
    assert (refused.returncode, said in refused.stderr) == (2, True)


def test_the_tolerance_is_the_users(here: Path) -> None:
    script(here, "return [1.001 if 'MODELPACK_KEYS' in os.environ else 1.0]", head="import os")
    assert modelpack("package", "score.py", "--sample", "1").returncode == 8
    proof = printed("package", "score.py", "--sample", "1", "--tolerance", "0.01")["proof"]
    assert (proof["largest"], proof["tolerance"]) == (pytest.approx(0.001), 0.01)
    assert modelpack("package", "score.py", "--sample", "1").returncode == 8  # the looser proof does not do


@pytest.mark.parametrize("ends_by", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_service_ends_with_who_has_started_it(here: Path, ends_by: signal.Signals) -> None:
    script(here, "return 1", init="time.sleep(300 if 'MODELPACK_KEYS' in os.environ else 0)", head="import os, time")
    with started("package", "score.py", "--sample", "1") as making:
        until(lambda: any(row["name"].startswith("modelpack-proof-") for row in printed("services")["rows"]))
        making.send_signal(ends_by)
        until(lambda: making.poll() is not None)
        until(lambda: printed("services")["rows"] == [])
    assert printed("packages")["rows"] == []


@contextlib.contextmanager
def started(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([PROGRAM, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def until(true) -> None:
    """Wait for what another process does; nothing tells of it."""
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.engine
def test_a_real_model_is_proven_by_both_engines(here: Path, docker_host: str) -> None:
    import joblib
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    rows, kinds = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=500).fit(rows, kinds)
    joblib.dump(model, here / "iris.joblib")
    head = "import json, os, joblib\nmodel = joblib.load(os.environ['AZUREML_MODEL_DIR'] + '/iris.joblib')"
    script(here, "return model.predict_proba(json.loads(data)['data']).tolist()", head=head)
    sample = json.dumps({"data": rows[::30].tolist()})
    env = {"DOCKER_HOST": docker_host}
    words = ("package", "score.py", "--model", "iris.joblib", "--pip", "scikit-learn==1.9.1", "--sample", sample)
    made = printed(*words, "--prove", "--trust", **env)
    assert (made["proof"]["rows"], made["proof"]["equal"]) == (5, 5)
    repeated = printed("prove", "--engine", "docker", **env)["proof"]
    assert (repeated["equal"], repeated["engine"]) == (5, "docker")
    nothing_is_left(**env, MODELPACK_ENGINE="docker")
    (here / "expected.json").write_text(json.dumps(model.predict_proba(rows[::30]).tolist()))
    assert printed("prove", "--expected", "expected.json", **env)["proof"]["equal"] == 5
    modelpack("remove", made["reference"], MODELPACK_ENGINE="docker", **env)


class Trap:
    """What an attacker puts into a model file: a path that is there once it was loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_a_model_file_that_may_be_of_others_is_not_loaded_here(here: Path) -> None:
    import pickle  # noqa: TID251 - written here

    (here / "model.pkl").write_bytes(pickle.dumps(Trap(here / "trapped")))
    head = "import os, pickle\npickle.load(open(os.environ['AZUREML_MODEL_DIR'] + '/model.pkl', 'rb'))"
    script(here, "return 1", head=head)
    words = ("package", "score.py", "--model", "model.pkl", "--name", "trap", "--sample", "1")
    reason = "loading model:1 on this machine may run code that is in its file"
    assert printed(*words)["proof"]["reason"] == reason
    refused = modelpack(*words, "--prove")
    assert (refused.returncode, reason in refused.stderr, "say --trust" in refused.stderr) == (8, True, True)
    refused = modelpack("prove", "trap")
    assert (refused.returncode, reason in refused.stderr) == (8, True)
    assert not (here / "trapped").exists()
    modelpack(*words, "--dry-run")
    assert (here / "trapped").exists(), "what a dry run loads would have been seen"
    (here / "numbers.json").write_text("[1]")
    script(here, "return 1")
    assert printed(*words, "--model", "numbers.json", "--trust")["proof"]["state"] == "proven"


def test_variables_of_a_base_image_are_not_those_of_the_script_here(here: Path, monkeypatch) -> None:
    (here / "theirs").mkdir()
    (here / "theirs" / "sitecustomize.py").write_text(f"open({str(here / 'ran')!r}, 'w')")
    printed("package", "score.py", "--name", "based", "--sample", SAMPLE, "--no-prove")
    [package] = Workspace.default().packages
    own = Image.variables
    monkeypatch.setattr(Image, "variables", lambda image: {"PYTHONPATH": str(here / "theirs"), **own(image)})
    asked = try_out_image(package.workspace.store.image(package.record.descriptor), SAMPLE, Reporter())
    assert json.loads(asked.text) == [3, 7, 11]
    assert not (here / "ran").exists()


def test_an_answer_that_is_larger_than_a_proof_keeps_is_not_read_to_its_end(here: Path) -> None:
    script(here, "return 'x' * (5 << 20)")
    printed("package", "score.py", "--name", "large", "--sample", "1", "--no-prove")
    (here / "answer.json").write_text("1")
    refused = modelpack("prove", "large", "--expected", "answer.json")
    assert (refused.returncode, "answers its sample with more than 1 MB" in refused.stderr) == (8, True)
