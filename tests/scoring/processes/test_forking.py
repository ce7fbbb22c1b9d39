"""What init() may leave behind without hurting the workers that are forked after it."""

import os
import re
import signal
import subprocess
import sys
import textwrap

import pytest

from tests.scoring.service import running, serving_python
from tests.scoring_diff.servers import environment
from tests.services import CHECKOUT

WARM_UP = """
import os
import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

def predicted():
    x = np.random.rand(2000, 4)
    return len(HistGradientBoostingRegressor(max_iter=3).fit(x, x[:, 0]).predict(x))

def init():
    global loaded
    loaded = os.getpid()
    if os.environ["WARM"] == "yes":
        predicted()

def run(data):
    return [predicted(), loaded == os.getpid()]
"""
OPENMP = {"SCORING_TIMEOUT_MS": "10000", "OMP_NUM_THREADS": "2"}


def test_a_warm_up_with_openmp_in_init_does_not_hang_the_workers(tmp_path):
    # The tests' own: what an older Python gets of scikit-learn brings the older OpenMP of the next test.
    with running(tmp_path, WARM_UP, python=sys.executable, WARM="yes", **OPENMP) as service:
        assert service.score("").json == [2000, False]


@pytest.mark.network
@pytest.mark.parametrize("warm", ["yes", "no"])
def test_a_warm_up_with_an_older_openmp_lets_every_worker_load_for_itself(tmp_path, warm):
    python = environment("old-openmp") / "python"
    with running(tmp_path, WARM_UP, python=python, WARM=warm, **OPENMP) as service:
        assert service.score("").json == [2000, warm == "yes"]
        assert ("a pool of OpenMP threads" in service.log) == (warm == "yes")


CANNOT_FORK = """
import os, resource, subprocess
from jupyter_modelpack.scoring.process import native_threads
if os.geteuid() == 0:
    os.setuid(65534)  # root may have as many processes as it likes
other = subprocess.Popen(["sleep", "60"])
resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
try:
    native_threads._fork_once()
finally:
    other.kill()
"""


def test_a_fork_that_the_system_refuses_waits_for_no_other_child():
    subprocess.run([sys.executable, "-c", CANNOT_FORK], cwd=CHECKOUT, check=True, timeout=20)


def test_threads_of_init_live_in_every_worker(tmp_path):
    script = """
        import os, threading
        ticks = threading.Event()
        def init():
            global thread
            thread = threading.Thread(target=ticks.wait, name="refresher", daemon=True)
            thread.start()
        def run(data):
            return [os.getpid(), thread.is_alive(), len(os.environ["MODELPACK_LISTEN_FD"]) > 0]
    """
    with running(tmp_path, script) as service:
        pid, alive, _ = service.score("").json
        assert alive
        assert pid != service.process.pid
        service.wait_for(r"init\(\) has started threads \(refresher\)")
        os.kill(pid, 9)
        assert service.score("").json[1]
        assert service.stop() == 0


NATIVE = """
    import ctypes, os
    c = ctypes.CDLL(None)
    started = []
    def start():
        thread = ctypes.c_ulong()
        c.pthread_create(ctypes.byref(thread), None, ctypes.cast(c.pause, ctypes.c_void_p), None)
        started.append(os.getpid())
"""
"""A thread that Python knows nothing of, as those of TensorFlow or polars."""


def test_a_module_that_is_called_torch_and_is_not_it(tmp_path):
    (tmp_path / "torch.py").write_text("WICKS = 2\n")
    with running(tmp_path, "import torch\ndef init(): ...\ndef run(data): return torch.WICKS") as service:
        assert service.score("").json == 2


def test_a_native_thread_of_init_lives_in_every_worker(tmp_path):
    script = """
        def init():
            global kept
            kept = bytearray(b"x" * 50_000_000)
            start()
        def run(data):
            return [started == [os.getpid()], len(os.listdir("/proc/self/task"))]
    """
    with running(tmp_path, textwrap.dedent(NATIVE) + textwrap.dedent(script), WORKER_COUNT="3") as service:
        for _ in range(6):
            mine, threads = service.score("").json
            assert mine
            assert threads == 4  # the script's main thread, the sockets', the watchdog, the native one
        said = service.wait_for(r"init\(\) has started 1 native thread \(")
        assert "every worker loads for itself" in said
        megabytes = int(re.search(r"3 workers take about (\d+) MB more", said)[1])
        assert 100 < megabytes < 200  # twice what one holds


def test_threads_that_their_library_makes_anew_leave_the_memory_shared(tmp_path):
    # OpenBLAS has a thread for each further core from its import on, whether it is used or not.
    script = """
        import os
        import numpy as np
        def init():
            global loaded, product, threads
            a = np.ones((500, 500))
            loaded, product, threads = os.getpid(), (a @ a).sum(), len(os.listdir("/proc/self/task"))
        def run(data):
            a = np.ones((500, 500))
            return [loaded == os.getpid(), (a @ a).sum() == product, threads]
    """
    with running(tmp_path, script, OPENBLAS_NUM_THREADS="4") as service:
        own, same, threads = service.score("").json
        assert same
        assert threads > 1
        assert not own
        assert "has started" not in service.log


def test_an_import_that_starts_native_threads_is_not_made_ahead_of_a_reload(tmp_path):
    subprocess.run([serving_python(), "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    package = next((tmp_path / "env").glob("lib/python*/site-packages"))
    (package / "with_threads.py").write_text(textwrap.dedent(NATIVE) + "start()\n")
    script = """
        import with_threads, os
        def init(): ...
        def run(data):
            return ["VERSION", with_threads.started == [os.getpid()], len(os.listdir("/proc/self/task"))]
    """
    paths = os.pathsep.join([str(CHECKOUT), *(path for path in sys.path if path.endswith("site-packages"))])
    python = tmp_path / "env" / "bin" / "python"
    app = tmp_path / "app"
    with running(app, script, python=python, path=paths, MODELPACK_RELOAD="true") as service:
        assert service.score("").json == ["VERSION", True, 4]
        service.wait_for("score.py imports has started 1 native thread .*: nothing is imported ahead")
        (app / "score.py").write_text(textwrap.dedent(script).replace("VERSION", "two"))
        service.process.send_signal(signal.SIGHUP)
        service.wait_for("The new script serves after")
        assert service.score("").json == ["two", True, 4]
        assert service.stop() == 0
