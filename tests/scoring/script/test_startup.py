"""Starting, and explaining why not (azure-differences.md 7.5)."""

import http.client
import shutil
import subprocess

import pytest

from tests.scoring.service import running, serving_python
from tests.services import CHECKOUT

SLOW = """
    import pathlib, time
    def init():
        while not pathlib.Path("go").exists():
            time.sleep(0.01)
    def run(data):
        return data
"""


@pytest.mark.parametrize(
    ("script", "last"),
    [
        ("def init(): ...", "score.py defines no function run()."),
        ("def run(d): ...", "score.py defines no function init()."),
        ("def init(): ...\ndef run(): ...", "run() takes no parameter for the data."),
        ("def init(): ...\ndef run(*data): ...", "*args, **kwargs and positional-only parameters (data)"),
        ("def init(): ...\ndef run(a, b): ...", "this one wants a, b."),
        ("def init(:", "score.py, line 1: invalid syntax."),
        ("import no_such_package.sub\ndef init(): ...\ndef run(d): ...", "package that provides 'no_such_package'"),
        (
            "def init():\n    1/0\ndef run(d): ...",
            "init() raised ZeroDivisionError: division by zero (score.py, line 2)",
        ),
        ("def init():\n    raise SystemExit(7)\ndef run(d): ...", "init() called sys.exit(7)."),
        (
            "import os\ndef init():\n    os.environ['AZUREML_NOPE']\ndef run(d): ...",
            "variable 'AZUREML_NOPE', which is not set",
        ),
        (
            "import os\ndef init():\n    open(os.environ['AZUREML_MODEL_DIR'] + '/model.pkl')\ndef run(d): ...",
            "holds 'trained/model.pkl'. Did you mean",
        ),
    ],
)
def test_a_failed_boot_says_why(tmp_path, script, last):
    model = tmp_path / "model"
    (model / "trained").mkdir(parents=True)
    (model / "trained" / "model.pkl").write_bytes(b"12345")
    with running(tmp_path / "app", script, ready=False, AZUREML_MODEL_DIR=str(model)) as service:
        assert service.exit_code() == 3
        said = service.log.splitlines()
        assert said[-1].startswith("The service did not start: ")
        assert last in said[-1]
        assert "            model.pkl (5 bytes)" in "".join(f"    {line}\n" for line in said)
        assert any(
            line.startswith(("Traceback", "  File", "jupyter_modelpack.scoring.script.entry_script.EntryError"))
            for line in said
        )


def test_a_boot_that_fails_in_the_worker_says_why_too(tmp_path):
    with running(tmp_path, "def init(): 1/0\ndef run(d): ...", ready=False, WORKER_PRELOAD="false") as service:
        assert service.exit_code() == 3
        assert "init() raised ZeroDivisionError" in service.log.splitlines()[-1]


def test_no_such_script(tmp_path):
    with running(tmp_path, ready=False, AZUREML_ENTRY_SCRIPT="other.py") as service:
        assert service.exit_code() == 3
        assert "other.py does not exist (AZUREML_ENTRY_SCRIPT='other.py')" in service.log.splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("SCORING_TIMEOUT_MS", "abc", "invalid literal"),
        ("WORKER_COUNT", "0", "at least 1"),
        ("MODELPACK_NAN", "x", "one of"),
    ],
)
def test_bad_settings(tmp_path, name, value, words):
    with running(tmp_path, ready=False, **{name: value}) as service:
        assert service.exit_code() == 3
        assert "===Configuration Error===" in service.log
        assert f"{name}='{value}' cannot be used" in service.log
        assert words in service.log


def test_switches_of_the_original_that_mean_nothing_here_are_named(tmp_path):
    switches = {"SEPERATE_HEALTH_ENDPOINT": "true", "AML_APP_INSIGHTS_ENABLED": "false"}
    with running(tmp_path, **switches) as service:
        assert "SEPERATE_HEALTH_ENDPOINT has no meaning here: GET / and /ready answer on the one port" in service.log
        assert "AML_APP_INSIGHTS_ENABLED" not in service.log


def test_a_port_in_use(echo, tmp_path):
    with running(tmp_path, ready=False, MODELPACK_PORT=str(echo.port)) as service:
        assert service.exit_code() == 3
        assert f"cannot listen on 127.0.0.1, port {echo.port}" in service.log


@pytest.mark.parametrize("preload", ["true", "false"])
def test_while_init_runs_it_is_alive_but_not_ready(tmp_path, preload):
    with running(tmp_path, SLOW, ready=False, WORKER_PRELOAD=preload) as service:
        assert service.ask("GET", "/").text == "Healthy"
        readiness = service.ask("GET", "/ready")
        assert (readiness.status, readiness.json) == (503, {"status": "starting"})
        scored = service.score("x")
        assert scored.status == 503
        assert "starting" in scored.json["message"]
        assert scored.headers["retry-after"] == "1"
        (tmp_path / "go").touch()
        service.ready()
        assert service.score("x").json == "x"
        assert service.ask("GET", "/ready").status == 200


def test_a_client_connected_during_init_is_not_dropped(tmp_path):
    with running(tmp_path, SLOW, ready=False) as service:
        client = http.client.HTTPConnection("127.0.0.1", service.port, timeout=20)
        client.request("GET", "/")
        assert client.getresponse().read() == b"Healthy"
        (tmp_path / "go").touch()
        service.ready()
        client.request("GET", "/ready")  # http.client connects again where the server has closed
        assert client.getresponse().status == 200


def test_sigterm_during_init(tmp_path):
    with running(tmp_path, SLOW, ready=False) as service:
        service.wait_for("port")
        assert service.ask("GET", "/ready").status == 503
        assert service.stop() == 0


def test_the_port_file_and_the_health_check(tmp_path):
    file = tmp_path / "port"
    with running(tmp_path / "app", SLOW, ready=False, MODELPACK_PORT_FILE=str(file)) as service:
        port = service.port
        assert file.read_text() == f"{port}\n"

        def check(**environment: str) -> int:
            command = [serving_python(), "-m", "jupyter_modelpack.scoring.healthcheck"]
            return subprocess.run(command, cwd=CHECKOUT, env=environment, timeout=20, check=False).returncode

        assert check(MODELPACK_PORT=str(port)) == 1
        (tmp_path / "app" / "go").touch()
        service.ready()
        assert check(MODELPACK_PORT=str(port)) == 0
        assert check(MODELPACK_PORT="0", MODELPACK_PORT_FILE=str(file)) == 0
    assert check(MODELPACK_PORT=str(port)) == 1


def test_the_folder_runs_as_a_package_of_its_own(tmp_path):
    # As in an image: copied under another name, the rest of the project out of reach, nothing writable needed.
    site = tmp_path / "site"
    shutil.copytree(CHECKOUT / "jupyter_modelpack" / "scoring", site / "modelpack_scoring")
    script = (
        "import sys\ndef init(): ...\ndef run(d): return [m for m in sys.modules if m.startswith('jupyter_modelpack')]"
    )
    with running(tmp_path / "app", script, module="modelpack_scoring", path=site) as service:
        assert service.score("").json == []
        assert service.ask("GET", "/").text == "Healthy"


def test_source_directory_and_helpers(tmp_path):
    (tmp_path / "src" / "sub").mkdir(parents=True)
    (tmp_path / "src" / "helper.py").write_text("VALUE = 42")
    (tmp_path / "src" / "sub" / "entry.py").write_text(
        "import helper\ndef init(): ...\ndef run(d): return helper.VALUE"
    )
    names = {"AZUREML_ENTRY_SCRIPT": "src/sub/entry.py", "AZUREML_SOURCE_DIRECTORY": "src"}
    with running(tmp_path, **names) as service:
        assert service.score("").json == 42


def test_a_driver_module_is_followed(tmp_path):
    (tmp_path / "real.py").write_text("def init(): ...\ndef run(d): return said + 'driven'")
    script = "import real as driver_module\ndef init(): driver_module.said = 'well '\ndef run(d): return 'not this'"
    with running(tmp_path, script) as service:
        assert service.score("").json == "well driven"


def test_an_edited_script_is_never_served_from_its_bytecode(tmp_path):
    script = "def init(): ...\ndef run(d): return {}"
    for value in ("1", "2"):
        with running(tmp_path, script.format(value), PYTHONDONTWRITEBYTECODE="") as service:
            assert service.score("").json == int(value)


def test_settings_from_a_file_yield_to_the_environment(tmp_path):
    (tmp_path / "config.json").write_text('{"SERVICE_NAME": "from file", "SERVICE_VERSION": "7", "other": [1]}')
    with running(tmp_path, SERVICE_NAME="from environment") as service:
        info = service.ask("GET", "/swagger.json").json["info"]
        assert (info["title"], info["version"]) == ("from environment", "7")


def test_get_model_path(tmp_path):
    for version, name in (("2", "old.pkl"), ("10", "new.pkl")):
        folder = tmp_path / "azureml-models" / "diabetes" / version
        folder.mkdir(parents=True)
        (folder / name).write_bytes(b"")
    script = """
        from azureml.core.model import Model
        from azureml.core import Model as Same
        from azureml.exceptions import WebserviceException
        def init():
            global paths
            paths = [Model.get_model_path("diabetes"), Same.get_model_path("diabetes", version=2)]
            paths.append(Model.get_model_path("score.py"))
        def run(data):
            try:
                return Model.get_model_path("nope")
            except Exception as error:
                return paths + [type(error).__name__, str(error)]
    """
    with running(tmp_path, script) as service:
        *paths, kind, text = service.score("").json
        assert paths == ["azureml-models/diabetes/10/new.pkl", "azureml-models/diabetes/2/old.pkl", "score.py"]
        assert kind == "ModelNotFoundException"
        assert text.startswith("Model nope not found in cache at azureml-models")
        assert "diabetes" in text


@pytest.mark.parametrize(("own", "during", "after"), [("", True, "default"), ("gc.set_threshold(5000)", False, 5000)])
def test_garbage_is_collected_seldom_while_the_script_loads_and_as_usual_after_that(tmp_path, own, during, after):
    script = f"""
        import gc
        {own}
        def init():
            global loading
            loading = gc.get_threshold()[0]
        def run(data):
            return [loading, gc.get_threshold()[0]]
    """
    usual = subprocess.run(
        [serving_python(), "-c", "import gc; print(gc.get_threshold()[0])"], capture_output=True, text=True, check=True
    )
    with running(tmp_path, script) as service:
        loading, running_now = service.score([]).json
    assert (loading > 100_000) is during
    assert running_now == (int(usual.stdout) if after == "default" else after)


@pytest.mark.parametrize(("word", "code"), [("--help", 0), ("-h", 0), ("serve", 2), ("--port", 2)])
def test_words_behind_the_image_are_answered(word, code):
    words = [serving_python(), "-m", "jupyter_modelpack.scoring", word]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60, cwd=CHECKOUT)
    said = done.stdout + done.stderr
    assert done.returncode == code
    assert "docker run --publish 127.0.0.1:6789:5001 IMAGE" in said
    assert ("takes no arguments, not" in said) is bool(code)
