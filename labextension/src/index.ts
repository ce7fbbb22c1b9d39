// What JupyterLab loads: the panel, its commands, and where they are found.
import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ICommandPalette, MainAreaWidget } from "@jupyterlab/apputils";
import { FileDialog, IDefaultFileBrowser, IFileBrowserFactory } from "@jupyterlab/filebrowser";
import { ILauncher } from "@jupyterlab/launcher";
import { INotebookTracker } from "@jupyterlab/notebook";
import { ISettingRegistry } from "@jupyterlab/settingregistry";
import { IStateDB } from "@jupyterlab/statedb";
import { ITranslator } from "@jupyterlab/translation";
import type { Form } from "./api";
import { Refused } from "./api";
import { FormView, IWritten } from "./formview";
import { icon } from "./icon";
import { PackageButton, packageCell } from "./notebook";
import { IPlace, Panel } from "./panel";
import { follow } from "./settings";
import { Shown } from "./shown";
import { Store } from "./store";
import { speak, t, translated } from "./words";

const ID = "jupyter-modelpack:panel";
const MODEL_FILES = [".pkl", ".joblib", ".onnx", ".pt", ".safetensors"];

const plugin: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: "The side panel: models, packages, images and services.",
  autoStart: true,
  requires: [ITranslator],
  optional: [ILayoutRestorer, ICommandPalette, ILauncher, ISettingRegistry, IStateDB, IDefaultFileBrowser, IFileBrowserFactory, INotebookTracker],
  activate,
};

function activate(
  app: JupyterFrontEnd,
  translator: ITranslator,
  restorer: ILayoutRestorer | null,
  palette: ICommandPalette | null,
  launcher: ILauncher | null,
  registry: ISettingRegistry | null,
  state: IStateDB | null,
  browser: IDefaultFileBrowser | null,
  browsers: IFileBrowserFactory | null,
  notebooks: INotebookTracker | null,
): void {
  speak(translator);
  const category = t.__("Model packages");
  const store = new Store();
  const panel = new Panel(store, { package: (preset) => void form("package", preset), form: (verb, preset) => void form(verb, preset) },
    (place) => void state?.save(ID, { ...place }));
  panel.title.icon = icon;
  panel.title.caption = category;
  app.shell.add(panel, "left", { rank: 700 });
  restorer?.add(panel, panel.id);

  panel.disposed.connect(() => store.close());

  const compare = (): Promise<void> => store.load().then((found) => panel.compare(found.version), (error) => panel.compare(null, error));
  let about = compare();
  let opened = false;
  store.connected.connect((_store, open) => {
    if (open && opened) about = compare(); // a server that has restarted meanwhile may be another version
    opened ||= open;
  });
  const configured = registry ? follow(ID, registry, store).catch((error) => console.error(error)) : Promise.resolve();

  // Wherever the file browser is, so that paths mean what they say there.
  async function browse(folder: boolean): Promise<string | null> {
    if (!browser) return null;
    const options = { manager: browser.model.manager, title: folder ? t.__("Choose a folder") : t.__("Choose a file"), translator };
    const chosen = await (folder ? FileDialog.getExistingDirectory(options) : FileDialog.getOpenFiles(options));
    return chosen.value?.[0]?.path ?? null;
  }

  async function write(model: string): Promise<IWritten> {
    const folder = browser?.model.path ?? "";
    const path = folder ? `${folder}/score.py` : "score.py";
    const job = await store.finish("script", { model, output: path });
    const kept = job.error?.code === "conflict"; // one that is there already is the one to look at
    if (job.error && !kept) throw new Refused(400, job.error);
    await app.commands.execute("docmanager:open", { path });
    return { path, pip: job.result?.pip ?? [], kept };
  }

  async function form(verb: string, preset: Form): Promise<void> {
    await Promise.all([about, configured]);
    const given = verb === "package" && store.settings.base ? { base: store.settings.base, ...preset } : preset;
    const view = new FormView(verb, given, store, panel, browse, write);
    const content = new Shown(store, { node: view.element });
    const widget = new MainAreaWidget({ content });
    widget.title.label = translated(store.about?.verbs[verb]?.summary ?? verb);
    widget.title.icon = icon;
    widget.title.closable = true;
    widget.toolbar.hide();
    widget.disposed.connect(() => view.dispose());
    app.shell.add(widget, "main");
    // Notebook 7 has one thing in the middle, the notebook: what else there is goes to its side.
    if (!widget.parent) app.shell.add(widget, "right");
    app.shell.activateById(widget.id);
    view.focus();
  }

  function selected(): string[] {
    const found = browsers?.tracker.currentWidget?.selectedItems() ?? [];
    return [...found].map((item) => item.path);
  }

  const { commands } = app;
  commands.addCommand("modelpack:open", {
    label: (args) => (args["isLauncher"] ? t.__("Model packages") : t.__("Show models, packages, images and services")),
    caption: t.__("Package models, run and score them"),
    icon,
    execute: () => app.shell.activateById(panel.id),
  });
  commands.addCommand("modelpack:package", {
    label: t.__("Package a model…"),
    icon,
    execute: (args) => form("package", (args["preset"] as Form | undefined) ?? {}),
  });
  commands.addCommand("modelpack:package-file", {
    label: t.__("Package this model…"),
    icon,
    isEnabled: () => selected().length === 1,
    execute: () => form("package", { model: selected() }),
  });
  commands.addCommand("modelpack:package-cell", {
    label: t.__("Package this cell"),
    icon,
    isEnabled: () => notebooks?.currentWidget != null,
    execute: () => (notebooks?.currentWidget ? packageCell(notebooks.currentWidget) : undefined),
  });
  for (const tab of ["models", "packages", "images", "services"] as const) {
    const labels = { models: t.__("Show models"), packages: t.__("Show packages"), images: t.__("Show images"), services: t.__("Show services") };
    commands.addCommand(`modelpack:show-${tab}`, {
      label: labels[tab],
      execute: () => {
        app.shell.activateById(panel.id);
        panel.turn(tab);
      },
    });
  }
  for (const name of ["open", "package", "package-file", "package-cell", "show-models", "show-packages", "show-images", "show-services"])
    palette?.addItem({ command: `modelpack:${name}`, category });
  launcher?.add({ command: "modelpack:open", category: t.__("Other"), args: { isLauncher: true }, rank: 50 });

  app.docRegistry.addFileType({ name: "modelpack-model", displayName: t.__("Model"), extensions: MODEL_FILES, fileFormat: "base64", contentType: "file", icon });
  app.contextMenu.addItem({ command: "modelpack:package-file", selector: '.jp-DirListing-item[data-file-type="modelpack-model"]', rank: 4 });
  app.contextMenu.addItem({ command: "modelpack:package-file", selector: '.jp-DirListing-item[data-isdir="true"]', rank: 4 });
  app.docRegistry.addWidgetExtension("Notebook", new PackageButton());

  void about.then(() => {
    // The verbs that no button has; each is a form made from its declaration.
    for (const verb of ["register", "load", "pull", "base", "client", "check", "gc"]) {
      const known = store.about?.verbs[verb];
      if (!known) continue;
      commands.addCommand(`modelpack:verb-${verb}`, { label: `${translated(known.summary)}…`, execute: () => form(verb, {}) });
      palette?.addItem({ command: `modelpack:verb-${verb}`, category });
    }
  });

  // Not waited for: JupyterLab is restored when all plugins are there.
  void app.restored.then(async () => {
    const place = (await state?.fetch(ID)) as unknown as IPlace | undefined;
    await configured;
    if (place?.tab) panel.turn(place.tab);
    await panel.seen; // until then there is no service to show, and none to be asked for
    if (place?.service) await panel.restoreService(place.service);
    panel.settle();
  });
}

export default plugin;
