"""Where the kernel runs, as far as it can know, and what the page makes of it."""

import json
import shutil
import subprocess
import sys
import types

import pytest

from jupyter_modelpack.frontends.live import service_url
from jupyter_modelpack.frontends.widgets import esm


@pytest.mark.parametrize(
    ("environ", "kind"),
    [
        ({}, "plain"),
        ({"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"}, "ssh"),
        ({"JUPYTERHUB_SERVICE_PREFIX": "/user/ada/"}, "hub"),
        ({"JUPYTERHUB_SERVICE_PREFIX": "/user/ada/", "SSH_CONNECTION": "x"}, "hub"),
    ],
)
def test_a_hub_and_a_login_by_ssh_are_noticed(environ: dict[str, str], kind: str) -> None:
    found = service_url.place(environ)
    assert (found["kind"], found["proxy"]) == (kind, "")
    assert found["host"]


def test_a_proxy_of_jupyter_is_a_way_in(monkeypatch) -> None:
    found = types.ModuleType(service_url.PROXY)
    found.__spec__ = types.SimpleNamespace(name=service_url.PROXY)
    monkeypatch.setitem(sys.modules, service_url.PROXY, found)
    assert service_url.place({"JUPYTERHUB_SERVICE_PREFIX": "/user/ada/"})["proxy"] == "/user/ada/proxy/"
    assert service_url.place({})["proxy"] == ""


HUB = {"kind": "hub", "host": "node7", "proxy": ""}
PLAIN = {**HUB, "kind": "plain"}


@pytest.mark.parametrize(
    ("opened", "place", "said"),
    [
        ("http://localhost:8888", PLAIN, "http://localhost:7/score reaches it from this computer. "),
        ("http://127.0.0.1:8888", PLAIN, "http://localhost:7/score reaches it from this computer. "),
        ("https://lab.example.com", PLAIN, "it on node7, where the kernel runs; from your own computer no URL does. "),
        ("http://localhost:8888", {**HUB, "kind": "ssh"}, "too, after: ssh -L 7:localhost:7 node7. "),
        ("https://hub.example.com", HUB, "from your own computer no URL does on JupyterHub. "),
        (
            "https://hub.example.com",
            {**HUB, "proxy": "/user/ada/proxy/"},
            "; https://hub.example.com/user/ada/proxy/7/score from where you opened JupyterHub. ",
        ),
    ],
)
def test_the_page_says_which_url_reaches_the_service_from_where(opened: str, place: dict[str, str], said: str) -> None:
    node = shutil.which("node")
    assert node, "the checks of the front-end code need node"
    program = f"globalThis.location = new URL({json.dumps(opened)});\n{esm.module('reach')}\n"
    program += f"console.log(reach('http://localhost:7/score', 7, {json.dumps(place)}));"
    done = subprocess.run([node, "-"], input=program, capture_output=True, text=True, check=True)
    assert said + "Score goes through the kernel, from anywhere." in done.stdout
