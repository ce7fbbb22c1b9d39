"""Data of strangers changes nothing on the page: names, labels, logs, errors, scores."""

import json
import re
import subprocess
import uuid

import pytest
from playwright.sync_api import expect

from tests.browser.hostile_strings import STRINGS
from tests.browser.notebook import Notebook
from tests.services import CHECKOUT

pytestmark = [pytest.mark.engine, pytest.mark.network]


SHOW = """
import json
from dataclasses import replace
from datetime import UTC, datetime
from jupyter_modelpack.commands.results import Images, ModelRow, Models
from jupyter_modelpack.engine.image_store import ImageRow
from jupyter_modelpack.errors import BuildFailed
from jupyter_modelpack.events import Log, Stage
from jupyter_modelpack.frontends.widgets.package_panel import PackagePanel
from jupyter_modelpack.frontends.live import tables as source
from jupyter_modelpack.frontends.widgets import tables_panel
from jupyter_modelpack.oci.digest import Digest

strings = json.loads(open({file!r}).read())
now = datetime.now(UTC)
image = Digest.of(b"")
images = Images("docker", tuple(ImageRow(one, one, image, now, 1, True) for one in strings))
models = Models("x", tuple(ModelRow(one, 1, now, 1, {{one: one}}, one) for one in strings))
tables_panel.PAGE_ROWS = 1000
for name, known in (("images", images), ("models", models)):
    source.SOURCES[name] = replace(source.SOURCES[name], load=lambda _, known=known: known)
table = tables_panel.TablesPanel(["images", "models"], known={{"images": images, "models": models}})
build = PackagePanel(lambda: None)
for one in strings:
    build.take(Stage(one, one))
    build.take(Log(one))
build.fail(BuildFailed(" ".join(strings), hint=" ".join(strings), step=strings[0], log_tail=tuple(strings)))
"""

COUNT = "() => document.querySelectorAll('.mp-panel script, .mp-panel img, .mp-panel iframe, .mp-panel svg, .mp-panel a, .mp-panel b, .mp-panel video, .mp-panel object, .mp-panel form, .mp-panel style, .mp-panel math, .mp-panel h1').length"  # noqa: E501


def test_a_hundred_hostile_strings_are_text(page, jupyter):
    assert len(STRINGS) >= 100
    name = f"hostile-{uuid.uuid4().hex[:8]}"
    (jupyter.notebooks / f"{name}.json").write_text(json.dumps(STRINGS))
    hits = []
    page.expose_function("hit", lambda *_: hits.append("called"))
    page.on("dialog", lambda dialog: (hits.append(dialog.message), dialog.dismiss()))
    code = SHOW.format(file=f"{name}.json")
    notebook = Notebook(page, jupyter, "lab", [code, "table", "build"], f"{name}.ipynb")
    for number in range(3):
        notebook.finish(number)
    table, build = notebook.panel(1), notebook.panel(2)
    expect(table.locator("tbody tr")).to_have_count(len(STRINGS))
    expect(table.locator("tbody")).to_contain_text("<script>alert(1)</script>")
    for one in ('"><script onerror=hit()', "\\u202e\\u2066rtl", "a" * 200):
        expect(table.locator("tbody")).to_contain_text(one)
    table.get_by_role("tab", name="Models").click()
    expect(table.locator("tbody tr")).to_have_count(len(STRINGS))
    build.locator("summary").filter(has_text="Log").click()
    expect(build.get_by_role("log")).to_contain_text("\\u202e\\u2066rtl")
    expect(build.get_by_role("alert")).to_contain_text("</script><script>hit()</script>")
    build.get_by_role("log").click()
    assert page.evaluate(COUNT) == 0
    assert "\u202e" not in page.inner_text(".jp-Notebook")
    for cell in notebook.save().cells[1:]:
        [output] = cell.outputs
        assert "&lt;script" in output.data["text/html"]
        assert not re.search("<(?!/?(?:div|table|thead|tbody|tr|th|td|pre)[ >])", output.data["text/html"])
    assert hits == []


SERVE = """
import http.server, json, os, sys
strings = json.loads(sys.argv[1])

class Says(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.say({"definitions": {"ServiceInput": {"example": strings}}})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        for one in strings:
            print(one.encode("utf-8", "replace").decode(), flush=True)
        if b"die" in body:
            os._exit(7)
        self.say(strings)

    def say(self, value):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())

http.server.ThreadingHTTPServer(("0.0.0.0", 5001), Says).serve_forever()
"""
REAL = """
import json, os, sys, tempfile
sys.path.insert(0, {checkout!r})
from pathlib import Path
from jupyter_modelpack.commands import lookup as choose
from jupyter_modelpack.engine.base import RunSpec
from jupyter_modelpack.image_contract import LABEL
from jupyter_modelpack.engine.health import wait_until_ready
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.frontends.widgets.service_panel import ServicePanel
from tests.engine import tiny

strings = json.loads(Path({file!r}).read_text())
labels = {{LABEL + ".name": strings[0], **{{one: one for one in strings}}}}
command = ["python3", "-c", Path("serve.txt").read_text(), json.dumps(strings)]
base = Path(os.environ["MODELPACK_BASE_IMAGE"])
image = tiny.image(base, Path(tempfile.mkdtemp(), "store"), note={name!r}, Labels=labels, Cmd=command)
engine = choose.engine("docker")
engine.images.load(image, [{name!r} + ":1"], Reporter())
found = engine.run(RunSpec({name!r} + ":1", {name!r}, 0, labels=dict(list(labels.items())[:50])), Reporter())
panel = ServicePanel(wait_until_ready(engine, found, Reporter(), 60))
panel
"""


def test_a_real_image_with_a_hundred_hostile_labels_its_answers_and_its_log_are_text(page, jupyter, docker_host):
    strings = [one for one in STRINGS if one and "\x00" not in one and one.isprintable()]
    strings += [
        one.encode("utf-8", "replace").decode() for one in STRINGS if not one.isprintable() and "\x00" not in one
    ]
    assert len(strings) >= 100
    name = f"hostile-{uuid.uuid4().hex[:8]}"
    (jupyter.notebooks / f"{name}.json").write_text(json.dumps(strings))
    (jupyter.notebooks / "serve.txt").write_text(SERVE)
    hits = []
    page.expose_function("hit", lambda *_: hits.append("called"))
    page.on("dialog", lambda dialog: (hits.append(dialog.message), dialog.dismiss()))
    code = REAL.format(file=f"{name}.json", name=name, checkout=str(CHECKOUT))
    notebook = Notebook(
        page, jupyter, "lab", ["%load_ext jupyter_modelpack", code, "%modelpack panel"], f"{name}.ipynb"
    )
    try:
        for number in range(3):
            notebook.finish(number)
        service, tables = notebook.panel(1), notebook.panel(2)
        expect(service.get_by_role("status").first).to_have_text("ready")
        expect(service.get_by_label("Request")).to_have_value(re.compile("<script>alert"))
        service.locator("summary").filter(has_text="Logs").click()
        service.get_by_label("Request").fill("1")
        service.get_by_role("button", name="Score").click()
        expect(service.locator(".mp-answer")).to_contain_text("</script><script>hit()</script>")
        expect(service.get_by_role("log")).to_contain_text('"><script onerror=hit()')
        for tab in ("Images", "Services"):
            tables.get_by_role("tab", name=tab).click()
            tables.get_by_role("searchbox").fill(name)
            expect(tables.locator("tbody tr")).to_have_count(1)
        tables.get_by_role("button", name=f"Open {name}").click()
        expect(tables.get_by_role("group", name="Service").get_by_role("status").first).to_have_text("ready")
        service.get_by_label("Request").fill("die")
        service.get_by_role("button", name="Score").click()
        expect(service.get_by_role("status").first).to_have_text("ended with exit code 7")
        expect(service.get_by_role("alert").first).to_contain_text("ended with exit code 7")
        expect(service.get_by_label("Last lines").first).to_contain_text("hit()")
        assert page.evaluate(COUNT) == 0
        assert hits == []
    finally:
        docker = ["docker", "--host", docker_host]
        subprocess.run([*docker, "rm", "--force", name], capture_output=True, check=False)
        subprocess.run([*docker, "rmi", "--force", f"{name}:1"], capture_output=True, check=False)
