"""Data of strangers changes nothing in JupyterLab: names, tags, logs, errors, answers of models."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.hostile_strings import STRINGS
from tests.browser.jupyter import Jupyter
from tests.browser.lab.panel import SidePanel
from tests.frontends.lab.jupyter_client import BASE, Client, answering, environment
from tests.services.wheel import environment as installed

pytestmark = [pytest.mark.network]

FORBIDDEN = "script, img, iframe, video, object, embed, form, style, math, a, b, h1, link, meta"
SAYABLE = [one for one in STRINGS if "\x00" not in one and not any("\ud800" <= letter <= "\udfff" for letter in one)]
"""What is text at all; the rest is refused at the door."""

SCRIPT = """
import json
STRINGS = json.loads({strings!r})

def init():
    for one in STRINGS:
        print(one)

def run(data):
    if "fail" in data:
        raise RuntimeError(" ".join(STRINGS))
    return {{one: STRINGS for one in STRINGS}}
"""


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory, base_image: Path) -> Iterator[Jupyter]:
    """A server whose jobs, models and services are full of what strangers wrote."""
    folder = tmp_path_factory.mktemp("strange")
    env = environment(folder, MODELPACK_BASE_IMAGE=str(base_image))
    jobs = Path(env["MODELPACK_HOME"]) / "jobs"
    jobs.mkdir(parents=True, mode=0o700)
    for number, end in enumerate((failed(), done())):
        lines = [{"at": 1.0, "kind": kind, "data": data} for kind, data in [*happened(), end]]
        (jobs / f"2026112300000000000{number}-0000000{number}.jsonl").write_text(
            "".join(f"{json.dumps(one)}\n" for one in lines)
        )
    with Jupyter(folder, env, python=installed() / "bin" / "python", base=BASE) as server:
        answering(server)
        yield server


def happened() -> list[tuple[str, object]]:
    head = ("head", {"verb": "package", "form": {"name": STRINGS[0], "model": STRINGS}})
    return [head, *(("stage", [one, one]) for one in STRINGS), *(("log", one) for one in STRINGS)]


def failed() -> tuple[str, object]:
    all_ = " ".join(STRINGS)
    return "failed", {"code": all_, "message": all_, "hint": all_, "step": all_, "lines": STRINGS}


def done() -> tuple[str, object]:
    layers = [{"title": one, "size": 1, "reused": False} for one in STRINGS]
    return "done", {"reference": STRINGS[1], "digest": STRINGS[2], "size": 1, "models": STRINGS, "layers": layers}


def test_a_hundred_hostile_strings_are_text(page, strange: Jupyter):
    hits: list[str] = []
    page.expose_function("hit", lambda *_: hits.append("called"))
    page.on("dialog", lambda dialog: (hits.append(dialog.message), dialog.dismiss()))
    client = Client(strange)
    (strange.notebooks / "model.bin").write_bytes(b"x")
    tags = [f"{number}={one}" for number, one in enumerate(SAYABLE)]
    client.finish("register", {"path": "model.bin", "name": "strange", "description": STRINGS[0], "tag": tags})
    name = f"strange-{uuid.uuid4().hex[:6]}"
    (strange.notebooks / "score.py").write_text(SCRIPT.format(strings=json.dumps(SAYABLE)))
    client.post("start/package", {"script": "score.py", "name": name})

    panel = SidePanel(page, strange, "strange")
    expect(panel.job(name)).to_have_attribute("data-state", "done", timeout=60_000)
    panel.panel.locator("summary").filter(has_text="earlier").click()
    for job in panel.panel.locator(".mpl-job").all():
        for summary in job.locator("summary").all():
            summary.click()
    expect(panel.panel).to_contain_text('"><script onerror=hit()')
    expect(panel.panel).to_contain_text("\\u202e\\u2066rtl")
    panel.tab("Models")
    expect(panel.row("strange").first).to_contain_text("<script>")
    client.post("start/run", {"package": name, "port": 0})
    service = panel.panel.locator(".mpl-service")
    panel.tab("Services")
    panel.button(panel.row(name), f"Open {name}").click()
    expect(service).to_have_attribute("data-state", "ready", timeout=60_000)
    expect(service.get_by_role("log")).to_contain_text("<script>")
    panel.button(service, "Score").click()
    expect(service.get_by_label("Answer")).to_contain_text("onerror=hit()")
    service.get_by_label("Request (JSON)").fill('"fail"')
    panel.button(service, "Score").click()
    expect(service.get_by_role("alert")).to_contain_text("answered 500")
    assert panel.panel.locator(FORBIDDEN).count() == 0
    assert "\u202e" not in panel.panel.inner_text()
    assert hits == []
    assert panel.problems == []
    panel.button(service, "Kill").click()
    expect(service).to_have_attribute("data-state", "ended")
