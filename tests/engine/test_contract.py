"""What every engine does, the same way: one suite over Docker, Podman and the process engine."""

import socket
import threading
import time
from dataclasses import replace

import pytest

from jupyter_modelpack.engine.diagnose import ServiceDied, diagnose
from jupyter_modelpack.engine.health import wait_until_ready
from jupyter_modelpack.engine.score import score
from jupyter_modelpack.errors import Cancelled, Conflict, NotFound, Unavailable, UsageError
from jupyter_modelpack.events import Reporter
from tests.engine import tiny

BODY = b'{"data": [[1, 2]]}'


def test_a_service_runs_scores_and_is_killed(rig):
    service = rig.ready()
    assert service.state == "running"
    assert service.exit_code is None
    assert service.labels["test"] == "yes"
    answer = score(service, BODY, headers={"X-Request": "7"})
    assert (answer.status, answer.body, answer.ok) == (200, BODY, True)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request"] == "7"
    assert 0 < answer.milliseconds < 5000
    killed = rig.engine.kill(service)
    assert (killed.state, killed.exit_code, killed.name) == ("exited", 137, service.name)
    with pytest.raises(Unavailable, match="does not answer"):
        score(service, BODY)


def test_an_error_status_is_an_answer(rig):
    answer = score(rig.ready(), b"bad")
    assert (answer.status, answer.body, answer.ok) == (500, b"bad", False)


def test_the_environment_reaches_the_service(rig, monkeypatch):
    monkeypatch.setenv("OF_THE_NOTEBOOK", "secret")
    service = rig.ready(GREETING="hello = 'you'")
    assert score(service, b"env GREETING").text == "hello = 'you'"
    assert score(service, b"env OF_THE_NOTEBOOK").text == ""


def test_a_service_is_found_by_name_and_id_and_listed(rig):
    first, second = rig.ready("a"), rig.run("b")
    assert rig.engine.find(first.name) == rig.engine.find(first.id)
    assert rig.engine.find(first.name).port == first.port
    names = [service.name for service in rig.engine.services() if service.name.startswith(rig.prefix)]
    assert names == [second.name, first.name]
    with pytest.raises(NotFound, match="No service nobody-has-this-name"):
        rig.engine.find("nobody-has-this-name")


def test_another_engine_object_finds_the_service(rig):
    service = rig.ready()
    again = type(rig.engine).__new__(type(rig.engine))
    again.__dict__.update(rig.engine.__dict__)
    assert again.find(service.name).id == service.id
    assert again.kill(service).exit_code == 137


def test_the_exit_code_and_the_last_words_are_kept(rig):
    service = rig.ended(EXIT="3")
    assert service.exit_code == 3
    assert sorted(rig.engine.logs(service)) == ["on stderr", "starting"]
    assert len(list(rig.engine.logs(service, tail=1))) == 1
    assert rig.engine.find(service.name).exit_code == 3


def test_logs_follow_until_the_service_ends(rig):
    service = rig.ready()
    lines = rig.engine.logs(service, follow=True)
    assert {next(lines), next(lines)} == {"starting", "on stderr"}

    def die():
        with pytest.raises(Unavailable):
            score(service, b"die")

    threading.Timer(0.3, die).start()
    assert list(lines)[-1] == "dying as told"


def test_following_logs_can_be_cancelled(rig):
    report = Reporter()
    lines = rig.engine.logs(rig.ready(), follow=True, report=report)
    next(lines)
    threading.Timer(0.3, report.cancel).start()
    begin = time.monotonic()
    with pytest.raises(Cancelled):
        list(lines)
    assert time.monotonic() - begin < 2


def test_waiting_ends_with_the_service_or_the_time(rig):
    service = rig.ready()
    begin = time.monotonic()
    assert rig.engine.wait(service, 0.2).state == "running"
    assert time.monotonic() - begin < 1.5
    threading.Timer(0.2, rig.engine.kill, [service]).start()
    assert rig.engine.wait(service, 30).state == "exited"
    assert time.monotonic() - begin < 10


def test_a_name_in_use_is_told_with_its_holder(rig):
    service = rig.run()
    with pytest.raises(Conflict) as caught:
        rig.run()
    assert caught.value.code == "name-in-use"
    assert service.name in caught.value.message
    assert service.id[:12] in caught.value.message
    assert "--replace" in caught.value.hint
    assert rig.engine.find(service.name).id == service.id


def test_a_service_is_replaced_on_request(rig):
    first = rig.ready()
    second = rig.run(port=first.port, replace_it=True)
    assert second.id != first.id
    assert second.port == first.port
    assert wait_until_ready(rig.engine, second, rig.report).state == "running"
    assert any(f"Replaced {first.name}" in line for line in rig.lines)
    assert rig.engine.wait(first, 1).state == "gone"


def test_an_ended_service_gives_way_unasked(rig):
    first = rig.ended(EXIT="1")
    assert rig.ready().id != first.id


def test_a_port_held_by_a_service_is_told(rig):
    first = rig.ready("a")
    with pytest.raises(Conflict) as caught:
        rig.run("b", port=first.port)
    assert caught.value.code == "port-in-use"
    assert f"Port {first.port} is in use by the service {first.name}" in caught.value.message
    assert "--port 0" in caught.value.hint
    assert f"kill {first.name}" in caught.value.hint
    with pytest.raises(NotFound):
        rig.engine.find(f"{rig.prefix}-b")


def test_a_port_held_by_a_foreign_process_is_told(rig):
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        with pytest.raises(Conflict, match=r"is in use by process \d+ \(.*python") as caught:
            rig.run(port=held.getsockname()[1])
    assert "--port 0" in caught.value.hint
    with pytest.raises(NotFound):
        rig.engine.find(f"{rig.prefix}-a")
    assert rig.run().state == "running"


def test_of_two_runs_of_one_name_one_wins(rig):
    results = []

    def run():
        try:
            results.append(rig.run())
        except Conflict as error:
            results.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join(30) for thread in threads]
    won = [result for result in results if not isinstance(result, Conflict)]
    assert len(results) == 4
    assert len(won) == 1
    assert rig.engine.find(won[0].name).id == won[0].id


@pytest.mark.parametrize("name", ["", "-x", "a b", "../up", "x" * 200, "ü1"])
def test_a_bad_name_is_refused(rig, name):
    with pytest.raises(UsageError, match="Service name"):
        rig.engine.run(replace(rig.spec(), name=name), rig.report)


def test_killing_or_removing_what_is_gone_is_no_error(rig):
    service = rig.ready()
    with pytest.raises(Conflict, match="is running"):
        rig.engine.remove(service)
    assert rig.engine.kill(rig.engine.kill(service)).state == "exited"
    rig.engine.remove(service)
    rig.engine.remove(service)
    assert rig.engine.kill(service).state == "gone"
    assert rig.engine.wait(service, 1).state == "gone"
    with pytest.raises(NotFound):
        rig.engine.find(service.name)


def test_the_namesake_of_a_removed_service_is_left_alone(rig):
    first = rig.ready()
    second = rig.run(replace_it=True)
    assert rig.engine.kill(first).state == "gone"
    rig.engine.remove(first)
    assert rig.engine.find(second.name).state == "running"


def test_health_waits_until_the_service_says_so(rig):
    begin = time.monotonic()
    assert rig.ready(READY_AFTER="0.7").state == "running"
    assert 0.6 < time.monotonic() - begin < 15


def test_health_of_an_old_image_is_its_root(rig):
    assert rig.ready(OLD="1").state == "running"


def test_health_has_a_deadline(rig):
    service = rig.run(READY_AFTER="1000")
    with pytest.raises(Unavailable, match="is not ready after 1 s") as caught:
        wait_until_ready(rig.engine, service, rig.report, 1)
    assert caught.value.retry
    assert rig.engine.find(service.name).state == "running"


def test_health_can_be_cancelled(rig):
    service, report = rig.run(READY_AFTER="1000"), Reporter()
    threading.Timer(0.4, report.cancel).start()
    begin = time.monotonic()
    with pytest.raises(Cancelled):
        wait_until_ready(rig.engine, service, report)
    assert time.monotonic() - begin < 3


def test_health_notices_a_death_at_once(rig):
    begin = time.monotonic()
    with pytest.raises(ServiceDied) as caught:
        wait_until_ready(rig.engine, rig.run(RAISE="pandas"), rig.report)
    assert time.monotonic() - begin < 10
    assert caught.value.service_exit_code == 3
    assert "the module pandas is not in the environment" in caught.value.message
    assert "requirements" in caught.value.hint
    # An engine copies stdout and stderr side by side: their lines come in either order. That for programs is not shown.
    assert sorted(caught.value.log_tail) == ["The service did not start: none", "on stderr", "starting"]


def test_a_service_that_was_killed_is_diagnosed_as_such(rig):
    service = rig.engine.kill(rig.ready())
    assert service.exit_code == 137
    assert diagnose(rig.engine, service).cause == "it was ended with kill."
    assert diagnose(rig.engine, rig.engine.find(service.name)).cause == "it was ended with kill."


def test_a_removed_service_is_diagnosed_as_such(rig):
    service = rig.ready()
    rig.engine.remove(rig.engine.kill(service))
    assert diagnose(rig.engine, rig.engine.wait(service, 0)).cause == "it was removed."


def test_a_service_is_reached_by_the_names_that_were_packaged(rig, base_image, tmp_path):
    env = {"MODELPACK_ALLOWED_HOSTS": "packaged.example"}
    spec = rig.spec()
    if rig.engine.images is not None:
        config = [f"{name}={value}" for name, value in {"PATH": "/usr/local/bin:/usr/bin:/bin", **env}.items()]
        image = tiny.image(base_image, tmp_path / "store", Env=config)
        spec = replace(spec, image=str(rig.engine.images.load(image, ["modelpack-test/hosts:1"], Reporter())))
    else:
        spec = replace(spec, program=replace(spec.program, env=env))
    service = wait_until_ready(rig.engine, rig.engine.run(spec, Reporter()), Reporter(), 30)
    assert score(service, b"env MODELPACK_ALLOWED_HOSTS").text == "packaged.example"
