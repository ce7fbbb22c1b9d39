"""Other ways to the same: the keyboard alone, another language, forms for every verb, an older server."""

import json
import re
import socket
import uuid

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import expect

from tests.browser.jupyter import Jupyter
from tests.browser.lab.panel import SCRIPT, SidePanel
from tests.frontends.lab.jupyter_client import Client

pytestmark = [pytest.mark.engine, pytest.mark.network]

LANGUAGE = "@jupyterlab/translation-extension:plugin"


def test_the_keyboard_alone_packages_a_model(calm: SidePanel):
    panel = calm
    name = f"keys-{uuid.uuid4().hex[:8]}"
    page = panel.page
    panel.write(f"{name}/score.py", SCRIPT)
    expect(panel.panel.get_by_role("tab", selected=True)).to_be_focused()  # the panel is shown, and quiet
    page.keyboard.press("Control+Shift+c")
    expect(page.locator(".lm-CommandPalette-input")).to_be_focused()
    page.keyboard.type("Package a model")
    expect(page.locator(".lm-CommandPalette-item.lm-mod-active")).to_contain_text("Package a model")
    page.keyboard.press("Enter")
    expect(panel.form.get_by_label("Model", exact=True)).to_be_focused()
    for label, words in (("Script", f"{name}/score.py"), ("Name", name)):
        tab_to(panel, label)
        page.keyboard.type(words)
    tab_to(panel, "Package")
    page.keyboard.press("Enter")
    job = panel.form.locator(".mpl-job")
    expect(job).to_have_attribute("data-state", "done", timeout=60_000)

    panel.command("modelpack:show-packages")
    expect(panel.panel.get_by_role("tab", name="Packages")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(panel.panel.get_by_role("tab", name="Images")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    tab_to(panel, "Filter Packages")
    page.keyboard.type(name)
    expect(panel.panel.locator(".mpl-table tbody tr")).to_have_count(1)
    tab_to(panel, re.compile(rf"^Run .*{name}"))
    page.keyboard.press("Enter")
    expect(panel.service).to_have_attribute("data-state", "ready")
    tab_to(panel, "Request (JSON)")
    page.keyboard.press("Control+a")
    page.keyboard.type('{"data": [[40, 2]]}')
    page.keyboard.press("Control+Enter")
    expect(panel.service.get_by_label("Answer")).to_have_text(re.compile(r"\[\s*42\s*\]"))
    panel.command("modelpack:show-services")
    tab_to(panel, "Filter Services")
    page.keyboard.type(name)
    expect(panel.panel.locator(".mpl-table tbody tr")).to_have_count(1)
    tab_to(panel, f"Kill {name}")
    page.keyboard.press("Enter")
    expect(panel.service).to_have_attribute("data-state", "ended")
    panel.command("modelpack:show-packages")
    tab_to(panel, re.compile(rf"^Push… .*{name}"))
    page.keyboard.press("Space")
    expect(panel.form.get_by_role("heading")).to_have_text("Send a package to a registry")
    expect(panel.form.get_by_label("Package", exact=True)).to_have_value(re.compile(name))
    nameless = panel.panel.evaluate(
        """(panel) => [...panel.querySelectorAll("button, input, textarea, select, pre, progress")]
            .filter((one) => !(one.textContent.trim() || one.ariaLabel || one.labels?.length)).length"""
    )
    assert nameless == 0


def tab_to(panel: SidePanel, name: str | re.Pattern[str]) -> None:
    """Press Tab until what has the focus is called `name`."""
    called = """() => {
        const at = document.activeElement;
        return at.ariaLabel ?? at.labels?.[0]?.textContent ?? at.textContent;
    }"""
    for _ in range(120):
        panel.page.keyboard.press("Tab")
        found = panel.page.evaluate(called)
        if found == name or (isinstance(name, re.Pattern) and name.search(found)):
            return
    raise AssertionError(f"Tab does not reach {name}")


def test_it_speaks_portuguese(panel: SidePanel):
    name = f"lingua-{uuid.uuid4().hex[:8]}"
    panel.write(f"{name}/score.py", SCRIPT)
    panel.save(LANGUAGE, {"locale": "pt_BR"})
    try:
        panel.open()
        for title in ("Modelos", "Pacotes", "Imagens", "Serviços"):
            expect(panel.panel.get_by_role("tab", name=title)).to_be_visible()
        panel.button(panel.panel, "Empacotar um modelo…").first.click()
        expect(panel.form.get_by_role("heading")).to_have_text("Criar uma imagem com modelos e um script de entrada")
        expect(panel.form.get_by_label("Script de entrada", exact=True)).to_be_visible()
        expect(panel.form).to_contain_text("Nome da imagem, em minúsculas; por padrão, package")
        panel.form.get_by_label("Script de entrada", exact=True).fill(f"{name}/score.py")
        panel.form.get_by_label("Nome", exact=True).fill(name)
        panel.button(panel.form, "Plano").click()
        expect(panel.form.get_by_role("region", name="Plano")).to_contain_text("servidor de pontuação")
        panel.button(panel.form, "Empacotar").click()
        job = panel.form.locator(".mpl-job")
        expect(job).to_contain_text(f"Empacotar {name}: concluído")
        job.locator("summary").filter(has_text="Etapas").click()
        expect(job.locator(".mpl-stages")).to_contain_text("Script de entrada score.py")
        panel.tab("Pacotes")
        expect(panel.row(name)).to_contain_text(re.compile(r"há (menos de um|\d+) segundos?"))
        panel.button(panel.row(name), re.compile("^Executar ")).click()
        expect(panel.service.get_by_role("status").first).to_have_text("pronto")
        panel.service.get_by_label("Requisição (JSON)").fill('{"data": [[40, 2]]}')
        panel.button(panel.service, "Pontuar").click()
        expect(panel.service.get_by_label("Resposta")).to_contain_text("42")
        panel.tab("Serviços")
        expect(panel.row(name)).to_contain_text("em execução")
        panel.button(panel.service, "Encerrar").click()
        expect(panel.service.get_by_role("status").first).to_contain_text("terminou")
        panel.panel.get_by_role("searchbox").fill("nada assim")
        expect(panel.panel).to_contain_text("Nada corresponde")
        panel.command("settingeditor:open", query="Pacotes de modelos")
        editor = panel.page.locator(".jp-SettingsPanel")
        expect(editor).to_contain_text("Motor de contêineres")
        expect(editor).to_contain_text("Qual executa os serviços; vazio: o primeiro que responder")
    finally:
        panel.save(LANGUAGE, {"locale": "default"})


def test_a_server_of_another_version_is_named(panel: SidePanel):
    answer = {"version": "9.9.9", "verbs": {}}
    panel.page.route("**/jupyter-modelpack/about*", lambda route: route.fulfill(json=answer))
    panel.open()
    alert = panel.panel.get_by_role("alert").filter(has_text="the server's half is 9.9.9")
    expect(alert).to_contain_text("Restart the Jupyter server, then reload this page")
    panel.page.unroute("**/jupyter-modelpack/about*")
    panel.page.route("**/jupyter-modelpack/about*", lambda route: route.fulfill(status=404, body=json.dumps({})))
    panel.open()
    alert = panel.panel.get_by_role("alert").filter(has_text="does not answer")
    expect(alert).to_contain_text("jupyter server extension enable jupyter_modelpack")


def test_launcher_palette_and_settings_know_it(panel: SidePanel):
    panel.command("launcher:create")
    card = panel.page.locator(".jp-LauncherCard", has_text="Model packages")
    panel.command("filebrowser:activate")
    expect(panel.panel).to_be_hidden()
    card.click()
    expect(panel.panel).to_be_visible()
    known = panel.page.evaluate(
        "() => window.jupyterapp.commands.listCommands().filter((one) => one.startsWith('modelpack:'))"
    )
    assert {"modelpack:open", "modelpack:package", "modelpack:verb-register", "modelpack:show-services"} <= set(known)
    found = panel.page.evaluate(
        "async () => (await window.jupyterapp.serviceManager.settings.fetch('jupyter-modelpack:panel')).schema"
    )
    assert set(found["properties"]) == {"engine", "port", "baseImage", "workspace"}


def test_another_workspace_is_empty_and_says_what_to_do(panel: SidePanel):
    panel.settings(workspace="nowhere")
    try:
        panel.open()
        panel.tab("Models")
        expect(panel.panel.get_by_role("tabpanel").get_by_role("alert")).to_contain_text("no workspace 'nowhere'")
    finally:
        panel.settings()
    panel.open()
    panel.tab("Models")
    panel.panel.get_by_role("searchbox").fill("no-such-model")
    expect(panel.panel).to_contain_text(re.compile("Nothing matches|No model is registered"))


def test_the_settings_say_where_services_run_and_what_packages_are_built_on(panel: SidePanel):
    name = f"set-{uuid.uuid4().hex[:8]}"
    panel.write(f"{name}/score.py", SCRIPT)
    assert Client(panel.lab).finish("package", {"script": f"{name}/score.py", "name": name})["state"] == "done"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    panel.settings(engine="process", port=port, baseImage="registry.example.com/our/base")
    try:
        panel.open()
        panel.tab("Packages")
        panel.button(panel.row(f"/{name}:"), re.compile("^Run ")).click()
        expect(panel.service).to_have_attribute("data-state", "ready", timeout=60_000)
        expect(panel.service).to_contain_text(f"process · port {port}")
        panel.button(panel.service, "Kill").click()
        expect(panel.service).to_have_attribute("data-state", "ended")
        panel.button(panel.panel, "Package a model…").first.click()
        expect(panel.form.get_by_label("Base", exact=True)).to_have_value("registry.example.com/our/base")
    finally:
        panel.settings()


def test_notebook_7_shows_the_panel_and_its_forms_beside_the_notebook(page, lab: Jupyter):
    name = f"seven-{uuid.uuid4().hex[:8]}.ipynb"
    made = new_notebook(cells=[new_code_cell(SCRIPT)])
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    nbformat.write(made, lab.notebooks / name)
    page.goto(lab.url("notebook", name))
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    expect(page.get_by_role("button", name="Package this cell")).to_be_visible()
    page.evaluate("() => window.jupyterapp.commands.execute('modelpack:open')")
    page.locator(".mpl-panel").get_by_role("button", name="Package a model…").first.click()
    expect(page.locator(".mpl-form").get_by_label("Model", exact=True)).to_be_focused()
    expect(page.locator(".jp-Notebook .jp-CodeCell")).to_be_visible()
