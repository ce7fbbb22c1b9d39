"""Functions of the script in processes that begin afresh: joblib's, and multiprocessing's where they are not forked."""

import sys

import pytest

from tests.scoring.service import running

POOL = """
    import multiprocessing, os, helper
    class Scaler:
        def __init__(self, factor):
            self.factor = factor
    def scaled(scaler, value):
        return [scaler.factor * value * helper.ONE, os.getpid()]
    def init():
        global pool
        multiprocessing.set_start_method("METHOD")
        pool = multiprocessing.Pool(2)
    def run(data):
        found = pool.starmap_async(scaled, [(Scaler(2), number) for number in range(4)]).get(15)
        return [[value for value, _ in found], os.getpid() in [pid for _, pid in found]]
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_pool_of_multiprocessing_knows_the_script(tmp_path, method):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "helper.py").write_text("ONE = 1")
    script = POOL.replace("METHOD", method)
    with running(tmp_path, script, AZUREML_SOURCE_DIRECTORY="src") as service:
        assert service.score("").json == [[0, 2, 4, 6], False]
        assert service.score("").json == [[0, 2, 4, 6], False]


def test_workers_of_joblib_know_the_script(tmp_path):
    script = """
        import os
        from joblib import Parallel, delayed
        class Scaler:
            factor = 2
        def scaled(scaler, value):
            return [scaler.factor * value, os.getpid()]
        def init(): ...
        def run(data):
            found = Parallel(n_jobs=2)(delayed(scaled)(Scaler(), number) for number in range(4))
            return [[value for value, _ in found], os.getpid() in [pid for _, pid in found]]
    """
    with running(tmp_path, script, python=sys.executable) as service:
        assert service.score("").json == [[0, 2, 4, 6], False]
