"""Ten thousand images and a thousand packages: the panel opens at once and stays quick."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_modelpack.api.workspace import Workspace
from tests.browser.jupyter import Jupyter
from tests.browser.lab.panel import SidePanel
from tests.commands.packages import put_package
from tests.frontends.lab.crowd import engine
from tests.frontends.lab.jupyter_client import BASE, answering, environment
from tests.services.wheel import environment as installed

pytestmark = pytest.mark.network

OPEN_MS = 1_000
FRAME_MS = 250

# From the command to the rows on the screen; then the longest that a frame takes while text is typed.
MEASURE = """async ([act, wanted]) => {
    const rows = () => document.querySelectorAll(".mpl-panel .mpl-table tbody tr");
    const began = performance.now();
    const find = new Function("wanted", "rows", "return " + wanted);
    if (act.startsWith("modelpack:")) await window.jupyterapp.commands.execute(act);
    else {
        const filter = document.querySelector(".mpl-panel [type=search]");
        filter.value = act;
        filter.dispatchEvent(new Event("input"));
    }
    let longest = 0, last = performance.now();
    while (!find(wanted, rows)) {
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        longest = Math.max(longest, now - last);
        last = now;
        if (now - began > 15_000) throw new Error("no rows");
    }
    return [performance.now() - began, longest];
}"""


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    folder = tmp_path_factory.mktemp("crowd")
    with engine() as host:
        env = environment(folder, MODELPACK_ENGINE="docker", DOCKER_HOST=host)
        fill(Path(env["MODELPACK_HOME"]))
        with Jupyter(folder, env, python=installed() / "bin" / "python", base=BASE) as server:
            answering(server)
            yield server


def fill(home: Path) -> None:
    """Name one package a thousand times, as packaging names it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELPACK_HOME", str(home))
        workspace = Workspace.create("default")
        put_package(workspace)
    index = json.loads((workspace.path / "index.json").read_text())
    [entry] = index["manifests"]
    name = "org.opencontainers.image.ref.name"
    index["manifests"] = [
        {**entry, "annotations": {**entry["annotations"], name: f"adder:{number}"}} for number in range(1000)
    ]
    (workspace.path / "index.json").write_text(json.dumps(index))


def test_it_opens_in_a_second_and_stays_responsive(page, crowded: Jupyter, record_property):
    panel = SidePanel(page, crowded, "crowd")
    panel.command("filebrowser:activate")
    panel.page.reload()  # with the panel hidden: what is measured is its first showing
    panel.ready()
    figures = {}
    shown = "rows().length === 50 && [...rows()].every((row) => row.textContent.includes('{0}'))"
    for what, act, wanted in (
        ("packages", "modelpack:show-packages", "adder"),
        ("images", "modelpack:show-images", "team/service-"),
        ("filtered", "service-77", "service-77"),
    ):
        figures[what] = panel.page.evaluate(MEASURE, [act, shown.format(wanted)])
        record_property(what, figures[what])
    for what, (took, longest) in figures.items():
        print(
            f"side panel, {what:<9} {took:5.0f} ms (promised {OPEN_MS}), longest frame {longest:4.0f} ms ({FRAME_MS})"
        )
    for what, (took, longest) in figures.items():
        assert took < OPEN_MS, (what, figures)
        assert longest < FRAME_MS, (what, figures)
    assert panel.page.locator(".mpl-panel .mpl-table tbody tr").count() == 50  # pages, whatever there is
    assert panel.panel.locator(".mpl-top .mpl-muted").first.inner_text().startswith("1\u201350 of")
