"""Where the kernel runs, as far as it can know."""

import sys
import types

import pytest

from jupyter_modelpack.frontends.widgets import reach


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
    found = reach.place(environ)
    assert (found["kind"], found["proxy"]) == (kind, "")
    assert found["host"]


def test_a_proxy_of_jupyter_is_a_way_in(monkeypatch) -> None:
    found = types.ModuleType(reach.PROXY)
    found.__spec__ = types.SimpleNamespace(name=reach.PROXY)
    monkeypatch.setitem(sys.modules, reach.PROXY, found)
    assert reach.place({"JUPYTERHUB_SERVICE_PREFIX": "/user/ada/"})["proxy"] == "/user/ada/proxy/"
    assert reach.place({})["proxy"] == ""
