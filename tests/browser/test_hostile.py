"""Data of strangers changes nothing on the page: names, labels, logs, errors, scores."""

import json
import re
import uuid

import pytest
from playwright.sync_api import expect

from tests.browser.notebook import Notebook
from tests.frontends.test_twins import HOSTILE

pytestmark = [pytest.mark.engine, pytest.mark.network]

TAGS = ["script", "img", "iframe", "svg", "a", "b", "video", "object", "form", "style", "math", "details"]
HANDLERS = ["onerror=hit()", "onload=hit()", "onclick=hit()", "onfocus=hit() autofocus", "ontoggle=hit() open"]
STRINGS = [
    *HOSTILE,
    *(f'"><{tag} {handler} src=x href=javascript:hit()>hit()</{tag}>' for tag in TAGS for handler in HANDLERS),
    *(f"{quote}-hit()-{quote}" for quote in "'\"`"),
    "${hit()}", "{{hit()}}", "<%= hit() %>", "javascript:hit()", "data:text/html,<script>hit()</script>",
    "</script><script>hit()</script>", "</pre></div></body>", "<!--", "]]>", "&#60;script&#62;hit()&#60;/script&#62;",
    "\u202e\u2066rtl", "\x1b]8;;javascript:hit()\x07click\x1b]8;;\x07", "\x9b31m", "a" * 5000, "%s%n{0}", "__proto__",
]  # fmt: skip

SHOW = """
import json
from datetime import UTC, datetime
from jupyter_modelpack.commands.images import Images
from jupyter_modelpack.commands.models import ModelRow, Models
from jupyter_modelpack.engine.base import ImageRow
from jupyter_modelpack.errors import BuildFailed
from jupyter_modelpack.events import Log, Stage
from jupyter_modelpack.frontends.widgets.package_panel import PackagePanel
from jupyter_modelpack.frontends.widgets import source, tables_panel
from jupyter_modelpack.oci.digest import Digest

strings = json.loads(open({file!r}).read())
now = datetime.now(UTC)
image = Digest.of(b"")
images = Images("docker", tuple(ImageRow(one, one, image, now, 1, True) for one in strings))
models = Models("x", tuple(ModelRow(one, 1, now, 1, {{one: one}}, one) for one in strings))
tables_panel.PAGE_ROWS = 1000
tables_panel.FRESH_SECONDS = 1000
table = tables_panel.TablesPanel(["images", "models"], known={{"images": images, "models": models}})
build = PackagePanel(lambda: None)
for one in strings:
    build.take(Stage(one, one))
    build.take(Log(one))
build.fail(BuildFailed(" ".join(strings), hint=" ".join(strings), step=strings[0], log_tail=tuple(strings)))
"""

COUNT = "() => document.querySelectorAll('.mp-panel script, .mp-panel img, .mp-panel iframe, .mp-panel svg, .mp-panel a, .mp-panel b, .mp-panel video, .mp-panel object, .mp-panel form, .mp-panel style, .mp-panel math, .mp-panel h1').length"  # noqa: E501


def test_a_hundred_hostile_strings_are_text(page, jupyter):
    assert len(STRINGS) >= 80
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
