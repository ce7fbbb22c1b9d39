import { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { Widget } from "@lumino/widgets";

const plugin: JupyterFrontEndPlugin<void> = {
  id: "jupyter-modelpack:panel",
  description: "The side panel: models, packages, images and services.",
  autoStart: true,
  activate: (app: JupyterFrontEnd) => {
    const panel = new Widget();
    panel.id = "jupyter-modelpack";
    panel.title.caption = "Model packages";
    app.shell.add(panel, "left", { rank: 700 });
  },
};

export default plugin;
