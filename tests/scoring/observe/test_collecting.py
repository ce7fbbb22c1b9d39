"""Requests and responses that are kept (MODELPACK_COLLECT), and what a ModelDataCollector collects."""

import json
import threading
import time

import pytest

from jupyter_modelpack.scoring.observe.data_collector import Collector
from jupyter_modelpack.scoring.observe.data_records import CollectedRow
from jupyter_modelpack.scoring.settings import Settings
from tests.scoring.figures import figures
from tests.scoring.service import ECHO, eventually, running

TENSOR = {"inputs": [{"name": "data", "shape": [1], "datatype": "INT64", "data": [1]}]}


def kept(folder, below="calls"):
    """What has been written so far, oldest first."""
    files = sorted((folder / below).glob("*.jsonl"), key=lambda path: path.name)
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_calls_are_kept_with_their_secrets_hidden(tmp_path):
    kept_in = tmp_path / "kept"
    with running(tmp_path / "app", MODELPACK_COLLECT=str(kept_in), MODELPACK_COLLECT_REDACT="password,SSN") as service:
        rows = [0, [0, {"age": 1, "ssn": "no-such-number"}]]  # behind what holds no names, too
        body = {"rows": rows, "user": {"Password": {"deep": 1}}, "ok": [1, 2]}
        service.score(body, {"x-ms-client-request-id": "mine", "Authorization": "Bearer no-such-token"})
        service.score("no json")
        service.ask("GET", "/score?a=1")
        service.ask("GET", "/")
        eventually(lambda: len(kept(kept_in)) == 3)
        first, second, third = kept(kept_in)
        rows = [0, [0, {"age": 1, "ssn": "[redacted]"}]]
        hidden = {"rows": rows, "user": {"Password": "[redacted]"}, "ok": [1, 2]}
        assert (first["request"], first["response"]) == (hidden, hidden)
        assert (first["request_id"], first["path"], first["status"]) == ("mine", "/score", 200)
        assert 0 < first["milliseconds"] < 10_000
        assert first["time"].endswith("Z")
        assert (second["request"], second["status"]) == ({"bytes": 7}, 500)
        assert (third["request"], third["response"]) == ({"bytes": 0}, {"a": 1})
        service.post("/v2/models/model/infer", TENSOR)
        service.score(json.dumps("x" * 300_000))
        eventually(lambda: len(kept(kept_in)) == 5)
        assert kept(kept_in)[3]["request"] == TENSOR
        assert kept(kept_in)[4]["request"] == {"bytes": 300_002}
        raw = "".join(path.read_text() for path in (kept_in / "calls").iterdir())
        assert "no-such-token" not in raw
        assert "no-such-number" not in raw


def test_a_share_of_the_calls_is_kept(tmp_path):
    settings = {"MODELPACK_COLLECT": str(tmp_path / "kept"), "MODELPACK_COLLECT_SAMPLE": "0.3"}
    with running(tmp_path / "app", WORKER_COUNT="2", **settings) as service:
        client = service.client()
        for number in range(400):
            client.request("POST", "/score", str(number))
            client.getresponse().read()
        client.close()
        assert service.stop() == 0
        assert 60 < len(kept(tmp_path / "kept")) < 180


def test_files_are_rotated_and_the_oldest_go(tmp_path):
    settings = {"MODELPACK_COLLECT_FILE_BYTES": "2000", "MODELPACK_COLLECT_FILES": "3"}
    with running(tmp_path / "app", MODELPACK_COLLECT=str(tmp_path / "kept"), **settings) as service:
        for number in range(60):
            service.score(str(number))
        assert service.stop() == 0  # what waits is written first
        found = [call["response"] for call in kept(tmp_path / "kept")]
        assert len(list((tmp_path / "kept/calls").iterdir())) == 3
        assert max(found) == 59
        assert len(found) < 60


def test_a_disk_that_takes_nothing_delays_no_request(tmp_path):
    fifo = tmp_path / "kept" / "calls"
    fifo.parent.mkdir()
    fifo.write_text("a file where the folder should be")
    with running(tmp_path / "app", MODELPACK_COLLECT=str(fifo.parent)) as service:
        for number in range(20):
            assert service.score(number).status == 200
        service.wait_for("Collected data cannot be written")
        assert service.log.count("Collected data cannot be written") == 1


def test_what_finds_no_room_is_dropped_and_counted(tmp_path):
    """The writer stands still in a pipe that nobody reads; answers go on as if nothing were."""
    root = tmp_path / "app"
    root.mkdir()
    (root / "modelpack_stuck.py").write_text(
        "import threading\n"
        "from jupyter_modelpack.scoring.observe.rotating_file import RotatingFile\n"
        "RotatingFile.write = lambda *_: threading.Event().wait()\n"
    )
    script = ECHO.replace("import json", "import json, modelpack_stuck")
    with running(root, script, MODELPACK_COLLECT=str(tmp_path / "kept")) as service:
        client = service.client()
        slowest = 0.0
        for number in range(1500):
            began = time.perf_counter()
            client.request("POST", "/score", str(number))
            assert client.getresponse().read() == str(number).encode()
            slowest = max(slowest, time.perf_counter() - began)
        assert slowest < 2.0
        assert 300 < figures(service)["modelpack_collect_dropped_total"] <= 500
        assert service.stop() == 0


def test_large_rows_are_bounded_by_what_they_hold(tmp_path, monkeypatch):
    monkeypatch.setattr(threading.Thread, "start", lambda _: None)  # nothing is written yet
    keeps = Collector(Settings.from_environment({"MODELPACK_COLLECT": str(tmp_path)}))
    wide = [0.0] * 1_000_000
    assert [keeps.offer(CollectedRow("m", {"inputs": wide})) for _ in range(3)] == [True, True, False]
    assert keeps.dropped == 1


COLLECTS = """
    import json
    from azureml.monitoring import ModelDataCollector
    def init():
        global inputs, predictions
        inputs = ModelDataCollector("best_model", designation="inputs", feature_names=["feat1", "feat2"])
        predictions = ModelDataCollector("best_model", designation="predictions", feature_names=["prediction1"])
    def run(data):
        rows = json.loads(data)
        inputs.collect(rows)
        predictions.collect([sum(row) for row in rows], "correlated")
        return len(rows)
"""


def test_a_model_data_collector_works_as_in_azures_documentation(tmp_path):
    with running(tmp_path / "app", COLLECTS, MODELPACK_COLLECT=str(tmp_path / "kept")) as service:
        assert service.score([[1, 2], [3, 4.5]]).json == 2
        place = tmp_path / "kept"
        eventually(lambda: len(kept(place, "default/best_model/default/inputs")) == 2)
        eventually(lambda: len(kept(place, "default/best_model/default/predictions")) == 1)
        rows = [row["inputs"] for row in kept(place, "default/best_model/default/inputs")]
        assert rows == [{"feat1": 1, "feat2": 2}, {"feat1": 3, "feat2": 4.5}]
        [predicted] = kept(place, "default/best_model/default/predictions")
        assert (predicted["predictions"], predicted["correlation_id"]) == ({"prediction1": 3}, "correlated")


def test_a_model_data_collector_without_a_folder_says_so_once(tmp_path):
    with running(tmp_path, COLLECTS) as service:
        assert [service.score([[1, 2]]).json for _ in range(3)] == [1, 1, 1]
        service.wait_for("ModelDataCollector keeps nothing here: MODELPACK_COLLECT names no folder")
        assert service.log.count("keeps nothing") == 1


@pytest.mark.parametrize("kind", ["table", "numpy"])
def test_tables_and_arrays_are_collected_row_by_row(tmp_path, kind):
    value = {"table": "Table()", "numpy": "numpy.array([[1, 2], [3, 4]])"}
    script = f"""
        import numpy
        from azureml.monitoring import ModelDataCollector
        class Table:  # as pandas has it
            columns = ["a", "b"]
            def to_dict(self, orient):
                assert orient == "records"
                return [{{"a": 1, "b": "x"}}, {{"a": 2, "b": "y"}}]
        def init(): ...
        def run(data):
            return ModelDataCollector("../m", feature_names=["a", "b"]).collect({value[kind]})[0]
    """
    with running(tmp_path / "app", script, MODELPACK_COLLECT=str(tmp_path / "kept")) as service:
        assert service.score("").json is True
        eventually(lambda: len(kept(tmp_path / "kept", "default/__m/default/default")) == 2)
        rows = [row["default"] for row in kept(tmp_path / "kept", "default/__m/default/default")]
        assert (
            rows
            == {
                "table": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}],
                "numpy": [{"a": 1, "b": 2}, {"a": 3, "b": 4}],
            }[kind]
        )
