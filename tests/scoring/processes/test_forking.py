"""What init() may leave behind without hurting the workers that are forked after it."""

import os

from tests.scoring.service import running


def test_a_warm_up_with_openmp_in_init_does_not_hang_the_workers(tmp_path):
    script = """
        import json
        import numpy as np
        from sklearn.ensemble import HistGradientBoostingRegressor

        def init():
            global model
            x = np.random.rand(2000, 4)
            model = HistGradientBoostingRegressor(max_iter=3).fit(x, x[:, 0])
            model.predict(x)

        def run(data):
            return len(model.predict(np.random.rand(2000, 4)))
    """
    with running(tmp_path, script, SCORING_TIMEOUT_MS="10000", OMP_NUM_THREADS="2") as service:
        assert service.score("").json == 2000


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
