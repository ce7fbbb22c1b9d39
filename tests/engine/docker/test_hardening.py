"""How a container is shut in, seen from outside and from within."""

import json
from contextlib import suppress
from dataclasses import replace

import pytest

from jupyter_modelpack.engine.bounds import Bounds
from jupyter_modelpack.engine.docker import claims
from jupyter_modelpack.engine.health import wait_until_ready
from jupyter_modelpack.engine.score import score
from jupyter_modelpack.errors import Conflict, ModelpackError, NotFound, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.image_contract import CLAIM_LABEL, SERVICE_LABEL
from tests.engine import tiny


def inspected(rig, service):
    daemon = rig.engine._daemon
    return daemon.api.inspect_container(service.id)


def test_a_container_is_shut_in(containers):
    service = containers.run()
    facts = inspected(containers, service)
    host = facts["HostConfig"]
    assert host["ReadonlyRootfs"]
    assert {"/tmp"} <= set(host["Tmpfs"]) <= {"/tmp", "/run", "/var/tmp"}  # Podman adds its own two
    assert {"noexec", "nosuid", "nodev"} <= set(host["Tmpfs"]["/tmp"].split(","))
    dropped = {name.removeprefix("CAP_") for name in host["CapDrop"]}
    assert "ALL" in dropped or {"CHOWN", "SETUID", "NET_RAW", "DAC_OVERRIDE"} <= dropped
    assert "no-new-privileges" in json.dumps(host["SecurityOpt"])
    assert host["PidsLimit"] == 1024
    assert host["Privileged"] is False
    assert host["NetworkMode"] != "host"
    assert not host["Binds"]
    assert facts["NetworkSettings"]["Ports"]["5001/tcp"][0]["HostIp"] == "127.0.0.1"


def test_a_service_writes_to_tmp_only_and_is_not_root(containers):
    service = containers.ready()
    assert score(service, b"id").text == "65532:65532"
    assert "Read-only file system" in score(service, b"write /app/x").text
    assert score(service, b"write /tmp/x").ok


def bounded(containers, memory=None, cpus=None, gpus=None):
    spec = replace(containers.spec(), bounds=Bounds.read(memory, cpus, gpus))
    return containers.engine.run(spec, containers.report)


def test_memory_and_processors_are_limited_on_request_without_swap(containers):
    service = bounded(containers, "128m", "0.5")
    host = inspected(containers, service)["HostConfig"]
    assert host["Memory"] == host["MemorySwap"] == 128 << 20
    assert host["NanoCpus"] == 500_000_000
    wait_until_ready(containers.engine, service, containers.report)


def test_gpus_are_given_or_refused_by_name(containers):
    if containers.engine.name == "podman":
        with pytest.raises(UsageError, match="Podman takes no GPUs"):
            bounded(containers, gpus="all")
    else:  # this machine has none, and the engine says so
        with pytest.raises(ModelpackError, match="could not select device driver") as caught:
            bounded(containers, gpus="device=0,1")
        assert "NVIDIA Container Toolkit" in caught.value.hint
    with pytest.raises(NotFound):
        containers.engine.find(f"{containers.prefix}-a")


def test_a_log_does_not_fill_the_disk(containers):
    service = containers.ready()
    for _ in range(8):
        assert score(service, b"say 5000000").ok
    assert 0 < sum(map(len, containers.engine.logs(service))) < 33_000_000


def test_where_memory_runs_out_the_service_goes_first(rig):
    service = rig.ready()
    assert score(service, b"read /proc/self/oom_score_adj").text.strip() == "500"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("512m", None, None), (512 << 20, None, None)),
        (("1.5g", "2", "all"), (3 << 29, 2.0, -1)),
        (("2GiB", ".5", "2"), (2 << 30, 0.5, 2)),
        (("8388608", "0.01", '"device=0,GPU-3a"'), (8 << 20, 0.01, ("0", "GPU-3a"))),
    ],
)
def test_bounds_are_read_as_docker_reads_them(words, found):
    bounds = Bounds.read(*words)
    assert (bounds.memory, bounds.cpus, bounds.gpus) == found


@pytest.mark.parametrize(
    "words",
    [
        *[(memory, None, None) for memory in ("", "5m", "-1g", "1x", "g", "99999999999t", "٣g", "1e9")],
        *[(None, cpus, None) for cpus in ("", "0", "-1", "two", "nan", "inf", "1e3", "0.001")],
        *[(None, None, gpus) for gpus in ("", "0", "-1", "none", "device=", "device=a b", "count=1,x=y")],
    ],
)
def test_a_bound_that_is_none_is_refused(words):
    with pytest.raises(UsageError, match=r"--(memory|cpus|gpus): '"):
        Bounds.read(*words)


@pytest.fixture
def by_hand(containers):
    """Make a container as people do, with the labels that its image may have."""
    api = containers.engine._daemon.api
    made = []

    def make(labels=None, name="foreign", *, start=False):
        called = f"{containers.prefix}-{name}"
        made.append(api.create_container(containers.image, name=called, labels=labels)["Id"])
        if start:
            api.start(made[-1])
        return called

    yield make
    for one in made:
        with suppress(NotFound), containers.engine._daemon.asking("Clearing up"):
            api.remove_container(one, force=True)


def test_a_container_that_was_started_by_hand_is_not_replaced(containers, by_hand):
    by_hand()
    # From an image of ours, as by hand with `docker run`: it is found, but nobody replaces it unasked.
    assert containers.engine.find(f"{containers.prefix}-foreign").state == "starting"
    with pytest.raises(Conflict, match="not ours"):
        containers.run("foreign", replace_it=True)


def test_no_label_makes_a_container_ours(containers, by_hand):
    ours = containers.run("ours")
    labels = {**ours.labels, SERVICE_LABEL: f"{containers.prefix}-foreign"}  # as of `docker commit`, or made up
    foreign = containers.engine.find(by_hand(labels, start=True))
    assert (ours.mine, foreign.mine) == (True, False)
    deeds = [
        containers.engine.kill,
        containers.engine.remove,
        containers.engine.reload,
        lambda one: containers.engine.update_files(one, {"x": b""}),
    ]
    for deed in deeds:
        with pytest.raises(Conflict, match="modelpack has not started") as caught:
            deed(foreign)
        assert f"{foreign.engine} rm --force {foreign.name}." in caught.value.hint
    with pytest.raises(Conflict, match="not ours") as caught:
        containers.run("foreign", replace_it=True)
    assert f"{foreign.engine} rm --force {foreign.name}; or" in caught.value.hint
    assert containers.engine.find(foreign.name).state == "running"
    assert containers.engine.kill(ours).state == "exited"


def test_a_container_answers_to_its_own_name(containers):
    service = containers.ready()
    names = containers.engine._inspect(service.id)["Config"]["Env"]
    assert [one for one in names if one.startswith("MODELPACK_ALLOWED_HOSTS=") and one.endswith(f",{service.name}")]


@pytest.mark.parametrize("label", ["../../secret", "a" * 31, "", "A" * 32])
def test_a_claim_is_a_number_or_none(label):
    assert not claims.holds("id", "name", {CLAIM_LABEL: label})
    claims.forget({CLAIM_LABEL: label})


def test_a_container_whose_maker_was_killed_at_once_is_ours_by_its_name(home):
    number = claims.begin("mine")
    labels = {CLAIM_LABEL: number}
    assert claims.holds("any", "mine", labels)
    assert not claims.holds("any", "another", labels)
    claims.settle(number, "mine", "id")
    assert claims.holds("id", "renamed", labels)
    assert not claims.holds("other", "mine", labels)
    claims.forget(labels)
    assert not claims.holds("id", "mine", labels)
    assert list((home / "containers").iterdir()) == []


def test_an_image_goes_with_its_ended_services_and_no_others(containers, by_hand, base_image, tmp_path):
    engine, name = containers.engine, f"modelpack-test/{containers.prefix}:1"
    made = tiny.image(base_image, tmp_path / "store", containers.prefix)
    containers.image = str(engine.images.load(made, [name], Reporter()))
    service = containers.run()
    with pytest.raises(Conflict, match=f"in use by the service {service.name}, which is running") as caught:
        engine.images.remove(name)
    assert caught.value.hint == f"End it first: kill {service.name}."
    engine.kill(service)
    foreign = by_hand(service.labels)
    with pytest.raises(Conflict, match=f"in use by the container {foreign}") as caught:
        engine.images.remove(name)
    assert caught.value.hint == f"Remove the container first: {engine.name} rm --force {foreign}."
    assert engine.find(service.name).ended
    engine._daemon.api.remove_container(foreign, force=True)
    assert engine.images.remove(name) == (service.name,)
    with pytest.raises(NotFound):
        engine.find(service.name)
    assert not [row for row in engine.images.rows() if f"{row.repository}:{row.tag}".endswith(name)]


def test_a_container_with_a_record_of_a_newer_modelpack_keeps_no_other_from_being_listed(containers, home, caplog):
    service, other = containers.run("newer"), containers.run("other")
    record = home / "containers" / service.labels[CLAIM_LABEL]
    record.write_text(record.read_text().replace('"format": 1', '"format": 2'))
    listed = {one.name for one in containers.engine.services()}
    assert other.name in listed
    assert service.name not in listed
    assert f"{record} was written by a newer modelpack" in caplog.text
    with pytest.raises(Conflict, match="newer modelpack"):
        containers.engine.find(service.name)
    record.write_text(record.read_text().replace('"format": 2', '"format": 1'))
    assert containers.engine.find(service.name).mine
