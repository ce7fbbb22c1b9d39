"""What init() may leave behind without hurting the workers that are forked after it."""

import os
import sys

import pytest

from tests.scoring.service import running
from tests.scoring_diff.servers import environment

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
