"""The verbs through the Jupyter server: package, watch, cancel, run, score, read logs, kill; and after a restart."""

import json
import threading
import uuid
from pathlib import Path

import joblib
import pytest
from sklearn.preprocessing import StandardScaler

from tests.browser.jupyter import Jupyter
from tests.frontends.lab.jupyter_client import BASE, Client, answering, ended, environment

pytestmark = pytest.mark.network

SCRIPT = """import json, time

def init():
    print("the model is loaded")

def run(data):
    return [sum(row) for row in json.loads(data)["data"]]
"""
SAMPLE = '{"data": [[1, 2, 3]]}'


@pytest.fixture
def name() -> str:
    return f"lab-{uuid.uuid4().hex[:8]}"


@pytest.mark.parametrize("field", ["model", "script"])
def test_a_model_alone_is_packaged_by_a_form(server, name, field):
    joblib.dump(StandardScaler().fit([[1.0], [3.0]]), server.server.notebooks / f"{name}.pkl")
    form = {field: [f"{name}.pkl"] if field == "model" else f"{name}.pkl", "method": "transform", "dry_run": True}
    job = server.finish("package", {**form, "sample": '{"data": [[5.0]]}'})
    assert job["state"] == "done", job["error"]
    assert job["result"]["value"] == [[3.0]]


def test_package_run_score_logs_kill(server, name):
    folder = server.server.notebooks / "deep"
    folder.mkdir(exist_ok=True)
    (folder / "score.py").write_text(SCRIPT)
    job = server.finish("package", {"script": "deep/score.py", "name": name, "sample": SAMPLE})
    assert job["state"] == "done", job["error"]
    assert job["result"]["reference"].rpartition(":")[0].endswith(f"/{name}")
    assert {row["state"] for row in job["stages"]} == {"done"}
    [row] = server.get("table/packages", filter=name).json()["rows"]
    assert "run" in row["actions"]

    job = server.finish("run", {"package": row["name"], "port": 0})
    assert job["state"] == "done", job["error"]
    assert job["result"]["service"]["name"] == name
    facts = server.get(f"service/{name}").json()
    assert (facts["ready"], json.loads(facts["sample"])) == (True, json.loads(SAMPLE))

    scored = server.post("do/score", {"service": name, "data": '{"data": [[40, 2]]}'})
    assert scored.json()["value"] == [42]
    failed = server.post("do/score", {"service": name, "data": "{}"})
    assert (failed.status_code, failed.json()["code"]) == (422, "scoring-failed")
    assert any("KeyError" in line for line in failed.json()["lines"])

    assert facts["languages"]["csharp"] == "C#"
    form = {"service": name, "language": "go", "data": '{"data": [[40, 2]]}'}
    told = server.post("do/client", form).json()
    assert (told["target"], told["url"]) == (name, f"http://127.0.0.1:{facts['port']}/score")
    assert 'const body = `{"data": [[40, 2]]}`' in told["text"]
    assert server.post("do/client", {**form, "data": "{"}).status_code == 400
    assert server.post("do/client", {**form, "language": "cobol"}).status_code == 400

    stream = server.events(service=name)
    stream.until("lines", lambda one: any("the model is loaded" in line for line in one["lines"]))
    threading.Timer(0.3, server.post, ["do/kill", {"service": name}]).start()
    _, facts = stream.until("service", lambda one: one["ended"])
    assert facts["death"] is not None
    stream.close()


def test_a_job_is_cancelled_and_leaves_nothing(server, name):
    (server.server.notebooks / "score.py").write_text(SCRIPT)
    form = {"script": "score.py", "name": name, "pip": ["torch"]}
    job = server.post("start/package", form).json()
    stream = server.events()
    stream.until("job", lambda one: one["id"] == job["id"] and one["stages"])
    assert server.post(f"cancel/{job['id']}").status_code == 200
    _, done = stream.until("job", lambda one: one["id"] == job["id"] and ended(one))
    assert done["state"] == "cancelled"
    assert server.get("table/packages", filter=name).json()["rows"] == []
    stream.close()


def test_who_comes_back_gets_what_was_missed_and_no_more(server, name):
    stream = server.events()
    number, _ = stream.until("whole")
    stream.close()
    begun = server.post("start/run", {"package": name})  # there is none of that name
    assert begun.status_code == 202
    again = server.events(last=number)
    last, job = again.until("job", lambda one: one["id"] == begun.json()["id"] and ended(one))
    assert (job["state"], job["error"]["code"]) == ("failed", "package-not-found")
    again.close()
    again = server.events(last=last)
    then = server.post("start/run", {"package": name}).json()["id"]
    came = []
    for number, kind, data in again:
        came.append((number, kind))
        if kind == "job" and data["id"] == then:
            break
    assert came[-1][1] == "job"
    # What came after that event, and neither it nor the whole once more.
    assert last not in {number for number, _ in came}
    assert "whole" not in {kind for _, kind in came}
    again.close()
    for nonsense in ("", "0-0", "x", f"{last}9", "9" * 50, "\u00e4"):
        stream = server.events(last=nonsense)
        assert next(iter(stream))[1] == "whole", nonsense
        stream.close()


def test_a_build_outlives_the_server_and_is_found_again(tmp_path: Path, base_image, name):
    env = environment(tmp_path, MODELPACK_BASE_IMAGE=str(base_image))
    first = Jupyter(tmp_path, env, app="jupyter_server", base=BASE)
    (first.notebooks / "score.py").write_text(SCRIPT)
    with first:
        answering(first)
        client = Client(first)
        started = client.post("start/package", {"script": "score.py", "name": name, "pip": ["packaging"]}).json()
        stream = client.events()
        stream.until("job", lambda one: one["stages"])
        stream.close()
    with Jupyter(tmp_path, env, app="jupyter_server", base=BASE) as second:
        answering(second)
        client = Client(second)
        stream = client.events()
        _, jobs = stream.until("whole")
        job = next((one for one in jobs if one["id"] == started["id"]), None)
        if job is None or not ended(job):
            _, job = stream.until("job", lambda one: one["id"] == started["id"] and ended(one))
        assert job["state"] == "done", job["error"]
        assert job["form"] == {"script": "score.py", "name": name, "pip": ["packaging"], "workspace": None}
        [_row] = client.get("table/packages", filter=name).json()["rows"]
        stream.close()


@pytest.mark.parametrize(
    ("path", "form", "status", "said"),
    [
        ("do/kill", {"service": "no-such-service"}, 404, "no-service"),
        ("do/kill", {"service": "../images/x"}, 400, "bad-name"),
        ("start/kill", {"service": "no-such-service"}, 404, "no-service"),
        ("do/score", {"data": 1}, 400, "bad-value"),
        ("do/score", {"dat": "1"}, 400, "unknown-option"),
        ("start/package", {}, 202, None),  # what only the verb knows is said when it has begun
        ("start/package", {"nonsense": 1}, 400, "unknown-option"),
        ("cancel/nothing", {}, 404, "no-job"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(server, path, form, status, said):
    answer = server.post(path, form)
    assert answer.status_code == status, answer.text
    assert said is None or answer.json()["code"] == said


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'"x"', b"[" * 100_000, b'{"a": NaN', b"\xff"])
def test_what_is_no_json_object_is_refused(server, body):
    sent = {"Authorization": f"token {server.server.token}", "Content-Type": "application/json"}
    answer = server.raw("POST", "do/version", data=body, headers=sent)
    assert answer.status_code == (200 if body == b"" else 400)


def test_a_value_of_a_variable_is_kept_nowhere(server, name):
    secret = f"hush-{uuid.uuid4().hex}"
    form = {"package": name, "env_var": [f"KEY={secret}"]}
    server.finish("run", form)
    home = server.server.notebooks.parent / "home"
    files = list(home.rglob("*.jsonl"))
    assert files
    assert all(secret not in path.read_text() for path in files)
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)
