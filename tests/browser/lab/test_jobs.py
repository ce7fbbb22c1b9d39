"""Jobs in the panel: no failure is folded away unseen, and a restart of the server loses none."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, WebSocket, expect

from tests.browser.jupyter import Jupyter
from tests.browser.lab.panel import SCRIPT, SidePanel
from tests.frontends.lab.jupyter_client import BASE, Client, answering, environment
from tests.services.wheel import environment as installed

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory, base_image: Path) -> Iterator[Jupyter]:
    """A server for the tests that leave it as it is."""
    yield from serving(tmp_path_factory.mktemp("lasting"), base_image)


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory, base_image: Path) -> Iterator[Jupyter]:
    """A server that has run no job yet, and that a test may end and start again."""
    yield from serving(tmp_path_factory.mktemp("fresh"), base_image)


def serving(folder: Path, base_image: Path) -> Iterator[Jupyter]:
    """Run a server in `folder`."""
    env = environment(folder, MODELPACK_BASE_IMAGE=str(base_image))
    with Jupyter(folder, env, python=installed() / "bin" / "python", base=BASE) as server:
        answering(server)
        yield server


def test_a_failure_stays_in_sight_until_somebody_puts_it_aside(fresh: Jupyter, page):
    panel, client = SidePanel(page, fresh, "failures"), Client(fresh)
    assert client.finish("run", {"package": "no-such-package"})["state"] == "failed"
    for _ in range(2):
        assert client.finish("doctor")["state"] == "done"
    failed = panel.job("no-such-package")
    expect(failed).to_be_visible()
    fold = panel.panel.locator(".mpl-jobs > details")
    expect(fold.locator("> summary")).to_have_text("1 earlier job")
    panel.button(failed, "Put aside").click()
    expect(failed).to_be_hidden()
    expect(fold.locator("> summary")).to_have_text("2 earlier jobs · 1 failed")
    panel.page.reload()
    panel.ready()
    expect(fold.locator("> summary")).to_have_text("2 earlier jobs · 1 failed")  # history, and not forgotten
    expect(failed).to_be_hidden()


def test_a_restart_of_the_server_in_the_middle_of_a_build(fresh: Jupyter, page):
    name = f"restart-{uuid.uuid4().hex[:8]}"
    panel = SidePanel(page, fresh, "restart")
    panel.write(f"{name}/score.py", SCRIPT)
    panel.package(name, f"{name}/score.py", Pip="scikit-learn")
    expect(panel.job(name)).to_have_attribute("data-state", "running")
    fresh.__exit__()
    expect(panel.news).to_contain_text("does not answer; trying again")
    page.route("**/jupyter-modelpack/about*", lambda route: route.fulfill(json={"version": "9.9.9", "verbs": {}}))
    fresh.__enter__()
    expect(panel.job(name)).to_have_attribute("data-state", "done", timeout=120_000)
    expect(panel.news).to_be_empty()
    expect(panel.form.locator(".mpl-job")).to_have_attribute("data-state", "done")  # where it was begun, too
    alert = panel.panel.get_by_role("alert").filter(has_text="the server's half is 9.9.9")
    expect(alert).to_contain_text("reload this page")
    assert panel.problems == []


COUNT_STREAMS = """
window.streamsOpened = 0;
window.WebSocket = class extends WebSocket {
  constructor(...given) {
    super(...given);
    if (this.url.includes("/jupyter-modelpack/events")) this.addEventListener("open", () => window.streamsOpened++);
  }
};
"""
"""Playwright tells of a socket when it is made; one that closes before it has opened is an error of the page's."""


def stream(socket: WebSocket) -> bool:
    return "/jupyter-modelpack/events" in socket.url


def test_a_connection_that_died_without_a_word_is_taken_up_again(page, lasting: Jupyter):
    page.clock.install()
    panel = SidePanel(page, lasting, "asleep")
    with page.expect_websocket(stream):
        page.clock.fast_forward(60_000)  # a lid that was closed: nothing was heard for a minute
    assert panel.problems == []


def test_a_closed_panel_listens_no_more(page, lasting: Jupyter):
    opened = []
    page.on("websocket", lambda socket: opened.append(socket) if stream(socket) else None)
    page.add_init_script(COUNT_STREAMS)
    panel = SidePanel(page, lasting, "closed")
    page.wait_for_function("() => window.streamsOpened === 1")
    [socket] = opened
    with socket.expect_event("close"):
        page.evaluate(
            "() => [...window.jupyterapp.shell.widgets('left')].find((one) => one.id === 'jupyter-modelpack').dispose()"
        )
    assert quiet(page, Client(lasting)) == []
    assert panel.problems == []


def test_a_panel_that_nobody_sees_holds_nothing_and_shows_what_it_missed(page, lasting: Jupyter):
    client, opened = Client(lasting), []
    page.add_init_script(COUNT_STREAMS)
    page.on("websocket", lambda socket: opened.append(socket) if stream(socket) else None)
    panel = SidePanel(page, lasting, "hidden")
    page.wait_for_function("() => window.streamsOpened === 1")
    with opened[0].expect_event("close"):
        panel.command("filebrowser:activate")
    panel.package_form()
    page.wait_for_function("() => window.streamsOpened === 2")  # a form shows jobs, too
    assert [socket.is_closed() for socket in opened] == [True, False]
    with opened[1].expect_event("close"):
        panel.command("application:close")
    assert quiet(page, client) == []
    missed = client.finish("doctor")["id"]
    page.route("**/jupyter-modelpack/about*", lambda route: route.fulfill(json={"version": "9.9.9", "verbs": {}}))
    panel.command("modelpack:open")
    expect(panel.panel.get_by_role("alert").filter(has_text="the server's half is 9.9.9")).to_be_visible()
    page.unroute("**/jupyter-modelpack/about*")
    expect(panel.panel.locator(f'.mpl-job[data-job="{missed}"]')).to_have_attribute("data-state", "done")
    page.goto(f"{lasting.root}lab/workspaces/never-shown?token={lasting.token}")
    panel.ready()
    assert quiet(page, client) == []
    assert len(opened) == 3  # the last of them showed what was missed
    assert panel.problems == []


def quiet(page: Page, client: Client) -> list[str]:
    """What the page asks our routes while something happens."""
    asked: list[str] = []

    def note(request: Request) -> None:
        if "/jupyter-modelpack/" in request.url:
            asked.append(request.url)

    page.on("request", note)
    client.finish("doctor")
    page.wait_for_timeout(1_000)
    page.remove_listener("request", note)
    return asked
