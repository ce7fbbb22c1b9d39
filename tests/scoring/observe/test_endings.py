"""From a script that does not start to what its user reads: the server's own words, told by the engine's diagnosis."""

import json
import sys

import pytest

from jupyter_modelpack.engine.base import Service
from jupyter_modelpack.engine.diagnose import explain, shown
from jupyter_modelpack.image_contract import ENDING_MARK
from tests.scoring.service import running

REFUSED = "class Refused(Exception):\n    pass\n"
WARNED = (
    "import warnings, pickle\n"
    "def load():\n"
    "    warnings.warn('Trying to unpickle estimator Ridge from version 1.2.2 when using version 1.7.2. This might')\n"
    "    raise AttributeError(\"Can't get attribute '_Loss' on <module 'sklearn'>\")\n"
)


def told(folder, script, **settings) -> tuple[str, str]:
    """Start the script as it is; give cause and remedy of its end."""
    model = folder / "azureml-models" / "d" / "1"
    model.mkdir(parents=True)
    settings = {"AZUREML_MODEL_DIR": str(model), **settings}
    with running(folder, script + "\ndef run(d): ...", ready=False, python=sys.executable, **settings) as service:
        assert service.exit_code() == 3
        lines = service.log.splitlines()
        assert lines[-1].startswith(("The service did not start: ", "{"))
        assert not any(line.startswith(ENDING_MARK) for line in shown(lines))
        return explain(Service("docker", "svc", "1", "x:1", 6789, "exited", exit_code=3), lines)


@pytest.mark.parametrize(
    ("script", "cause", "remedy"),
    [
        ("import nosuch.part\ndef init(): ...", "the module nosuch is not in the environment.", "requirements"),
        (
            "def init():\n    import numpy.nosuch",
            "numpy.nosuch is no part of numpy ",
            "Require numpy in the version that the notebook has",
        ),
        (
            "import os\ndef init():\n    open(os.environ['AZUREML_MODEL_DIR'] + '/m.pkl')",
            "m.pkl does not exist: the model folder",
            "register the file",
        ),
        (
            "def init():\n    open('labels.txt')",
            "the file labels.txt is not there (score.py, line 2).",
            "source_directory",
        ),
        # Of a chain the last one counts, and not the file whose absence began it.
        (
            (
                f"{REFUSED}def init():\n    try:\n        open('labels.txt')\n    except OSError as error:\n"
                "        raise Refused('no labels') from error"
            ),
            "init() failed: Refused: no labels (score.py, line 7).",
            "Correct the script",
        ),
        (
            (
                "import socket\nbusy = socket.create_server(('127.0.0.1', 0))\n"
                "def init():\n    socket.create_server(busy.getsockname())"
            ),
            "the script opens a port of its own, which is taken: OSError: [Errno 98]",
            "WORKER_COUNT=1",
        ),
        ("import locale\ndef init():\n    locale.setlocale(locale.LC_ALL, 'tlh')", "has no such locale", "C.UTF-8"),
        (
            "import os\ndef init():\n    os.environ['TOKEN_OF']",
            "reads the environment variable TOKEN_OF",
            "TOKEN_OF=...",
        ),
        ("def init():\n    {}['scaler']", "init() failed: KeyError: 'scaler' (score.py, line 2).", "Correct"),
        (f"{WARNED}def init():\n    load()", "made with scikit-learn 1.2.2 and cannot be loaded with 1.7.2", "==1.2.2"),
        ("import pickle\ndef init():\n    pickle.loads(b'v')", "the model file cannot be loaded here", "versions"),
        (
            "def init():\n    raise AttributeError(\"module '__main__' has no attribute 'Net'\")",
            "cannot be loaded",
            "class",
        ),
        (
            "def init():\n    raise OSError('/tmp/x.so: failed to map segment from shared object')",
            "a library lies where nothing may be executed",
            "run nothing from there",
        ),
        (
            "def init():\n    raise ImportError('libgomp.so.1: cannot open shared object file: No such file')",
            "a system library is missing",
            "Debian package",
        ),
        (
            "from json import nosuch\ndef init(): ...",
            "an import failed: ImportError: cannot import name 'nosuch'",
            "versions",
        ),
        (
            "def init():\n    raise PermissionError(13, 'Permission denied', '/x')",
            "may not write or read there",
            "/tmp only",
        ),
        ("def init():\n    raise MemoryError", "it ran out of memory.", "fewer workers"),
        ("def init(:", "no valid Python: score.py, line 1", "Correct the script"),
        ("def init():\n    raise SystemExit(4)", "init() called sys.exit(4).", "Correct the script"),
        ("def init(x, y): ...", "init() failed: TypeError: init() missing 2 required", "Correct the script"),
    ],
)
def test_the_cause_is_the_servers_own_and_the_remedy_that_of_its_type(tmp_path, script, cause, remedy):
    said, hint = told(tmp_path, script)
    assert cause in said
    assert remedy in hint


def test_what_a_script_prints_is_no_cause(tmp_path):
    script = (
        "def init():\n    print(\"FileNotFoundError: 'a'\\nsaid 'azureml-models'\")\n    raise ValueError('too few')"
    )
    assert "init() failed: ValueError: too few" in told(tmp_path, script)[0]


def test_a_log_in_json_tells_the_same(tmp_path):
    assert (
        "ZeroDivisionError: division by zero (score.py, line 1)"
        in told(tmp_path, "def init(): 1/0", MODELPACK_LOG="json")[0]
    )


def test_settings_and_the_port_are_told_apart_from_the_script(tmp_path, echo):
    cause, hint = told(tmp_path / "a", "def init(): ...", MODELPACK_NAN="x")
    assert cause.startswith("MODELPACK_NAN='x' cannot be used")
    assert "--env-var" in hint
    assert "its port was taken" in told(tmp_path / "b", "def init(): ...", MODELPACK_PORT=str(echo.port))[0]


def test_a_refusal_of_long_ago_is_not_what_a_service_died_of():
    said = {"phase": "init()", "types": ["ValueError"], "message": "old", "cause": "old"}
    lines = [ENDING_MARK + json.dumps(said), "The service did not start: old", "served for days"]
    service = Service("docker", "svc", "1", "x:1", 6789, "exited", exit_code=139)
    assert "crashed in native code" in explain(service, lines)[0]


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("text", ["\u6b0a" * 5000, '"' * 5000, "line\n" * 2000], ids=["wide", "quotes", "lines"])
def test_a_long_message_is_cut_and_the_cause_told_all_the_same(tmp_path, form, text):
    script = f"def init(): raise ValueError({text!r})"
    said, hint = told(tmp_path, script, MODELPACK_LOG=form)
    assert said.startswith(f"the entry script or its init() failed: ValueError: {text[:30]}")
    assert said.endswith(" (score.py, line 1).")
    assert hint == "Correct the script; then package again."
