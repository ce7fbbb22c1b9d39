"""How a container is shut in, seen from outside and from within."""

import json
from dataclasses import replace

import pytest

from jupyter_modelpack.engine.health import wait_until_ready
from jupyter_modelpack.engine.score import score
from jupyter_modelpack.errors import Conflict


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


def test_memory_is_limited_on_request_without_swap(containers):
    service = containers.engine.run(replace(containers.spec(), memory=128 << 20), containers.report)
    host = inspected(containers, service)["HostConfig"]
    assert host["Memory"] == host["MemorySwap"] == 128 << 20
    wait_until_ready(containers.engine, service, containers.report)


def test_a_container_that_was_started_by_hand_is_not_replaced(containers):
    daemon = containers.engine._daemon
    name = f"{containers.prefix}-foreign"
    foreign = daemon.api.create_container(containers.image, name=name)["Id"]
    try:
        # From an image of ours, as by hand with `docker run`: it is found, but nobody replaces it unasked.
        assert containers.engine.find(name).state == "starting"
        with pytest.raises(Conflict, match="not ours"):
            containers.run("foreign", replace_it=True)
    finally:
        daemon.api.remove_container(foreign, force=True)
