"""From the last words of a service to its cause; the words have the shapes that Python gives them."""

import pytest

from jupyter_modelpack.engine.base import Service
from jupyter_modelpack.engine.diagnose import ServiceDied, explain

TRACE = 'Traceback (most recent call last):\n  File "/var/azureml-app/score.py", line 3, in <module>\n    import x\n'
SKLEARN = (
    "/opt/x/base.py:442: InconsistentVersionWarning: Trying to unpickle estimator Ridge from version 1.2.2 when using "
    "version 1.7.2. This might lead to breaking code or invalid results. Use at your own risk.\n"
)


def died(code, reason="", state="exited"):
    return Service("docker", "svc", "1", "x:1", 6789, state, exit_code=code, reason=reason)


@pytest.mark.parametrize(
    ("code", "log", "cause", "remedy"),
    [
        (3, f"{TRACE}ModuleNotFoundError: No module named 'sklearn'", "sklearn is not in", "Add scikit-learn"),
        (3, f"{TRACE}ModuleNotFoundError: No module named 'a.b'", "the module a is not in", "requirements"),
        (
            3,
            f"{TRACE}FileNotFoundError: [Errno 2] No such file: '/var/azureml-app/azureml-models/d/1/m.pkl'",
            "the model file /var/azureml-app/azureml-models/d/1/m.pkl is not there",
            "AZUREML_MODEL_DIR",
        ),
        (3, f"{TRACE}FileNotFoundError: [Errno 2] No such file: 'labels.txt'", "labels.txt", "source_directory"),
        (
            3,
            f"{SKLEARN}{TRACE}AttributeError: Can't get attribute '_Loss' on <module 'sklearn'>",
            "made with scikit-learn 1.2.2 and cannot be loaded with 1.7.2",
            "Require scikit-learn==1.2.2",
        ),
        (
            3,
            f"{TRACE}AttributeError: module '__main__' has no attribute 'Net'",
            "cannot be loaded here",
            "source_directory",
        ),
        (3, f"{TRACE}_pickle.UnpicklingError: invalid load key, 'v'.", "cannot be loaded here", "versions"),
        (3, f"{TRACE}PermissionError: [Errno 13] Permission denied: '/x'", "may not write or read", "/tmp"),
        (3, f"{TRACE}OSError: [Errno 30] Read-only file system: '/x'", "may not write or read", "/tmp"),
        (3, "SyntaxError: invalid syntax", "no valid Python: SyntaxError: invalid syntax", "Correct the script"),
        (3, f"{TRACE}KeyError: 'scaler'\nWorker failed to boot.", "init() failed: KeyError: 'scaler'", "Correct"),
        (3, "", "init() failed.", "Correct"),
        (1, "OSError: [Errno 98] Address already in use", "its port was taken", "--port 0"),
        (1, "exec /usr/bin/python3: exec format error", "another processor", "platform"),
        (1, "ImportError: libgomp.so.1: cannot open shared object file", "system library", "Debian package"),
        (1, "ImportError: cannot import name 'a' from 'b'", "an import failed", "versions"),
        (137, "", "most often because memory ran out", "more memory"),
        (139, "", "crashed in native code", "built for different libraries"),
        (127, "", "start command is not in the image", "Check the image"),
        (143, "", "told to end", "Run it again"),
        (9, "one\ntwo", "", "See the whole log: logs svc"),
        (9, "x.y.OddError: what", "x.y.OddError: what.", "logs svc"),
    ],
)
def test_the_cause_is_told_with_a_remedy(code, log, cause, remedy):
    told, hint = explain(died(code), log.splitlines())
    assert cause in told
    assert bool(cause) == bool(told)
    assert remedy in hint


def test_what_the_engine_knows_comes_first():
    assert "more memory than it may" in explain(died(137, "out of memory"), ["KeyError: 1"])[0]
    assert explain(died(None, state="gone"), [])[0] == "somebody removed it."


def test_the_error_shows_the_last_lines_and_no_secrets():
    error = ServiceDied(died(1), "it broke.", "Mend it.", [str(number) for number in range(50)])
    assert str(error).startswith("svc ended with exit code 1: it broke.\n  | 30\n")
    assert str(error).endswith("  | 49\nMend it.")
    assert (error.exit_code, error.code, error.step) == (1, "service-died", "start")
