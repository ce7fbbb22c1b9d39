// The button in a notebook's toolbar: package the cell, or the entry script that it is.
import { ToolbarButton } from "@jupyterlab/apputils";
import type { DocumentRegistry } from "@jupyterlab/docregistry";
import { INotebookModel, NotebookActions, NotebookPanel } from "@jupyterlab/notebook";
import { icon } from "./icon";
import { t } from "./words";

const MAGIC = "%%package";

export class PackageButton implements DocumentRegistry.IWidgetExtension<NotebookPanel, INotebookModel> {
  createNew(panel: NotebookPanel): ToolbarButton {
    const made = new ToolbarButton({ icon, tooltip: t.__("Package this cell"), onClick: () => void packageCell(panel) });
    panel.toolbar.insertBefore("spacer", "modelpack", made);
    return made;
  }
}

// Write the magic above the cell, if it is not there, and run it: what it then says is what it says to everybody.
export async function packageCell(panel: NotebookPanel): Promise<void> {
  const cell = panel.content.activeCell;
  if (!cell || cell.model.type !== "code") return;
  const source = cell.model.sharedModel.getSource();
  if (!source.trimStart().startsWith(MAGIC)) cell.model.sharedModel.setSource(`${MAGIC}\n${source}`);
  await panel.sessionContext.ready;
  await panel.sessionContext.session?.kernel?.requestExecute({
    code: "get_ipython().extension_manager.load_extension('jupyter_modelpack')",
    silent: true,
    store_history: false,
  }).done;
  await NotebookActions.run(panel.content, panel.sessionContext);
}
