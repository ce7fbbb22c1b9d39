// The button in a notebook's toolbar: package its entry script, which is the cell that says so or the current one.
import { Notification, ToolbarButton } from "@jupyterlab/apputils";
import type { DocumentRegistry } from "@jupyterlab/docregistry";
import { INotebookModel, NotebookActions, NotebookPanel } from "@jupyterlab/notebook";
import { icon } from "./icon";
import { t } from "./words";

const MAGIC = "%%package";
const MARKED = /^\s*%%package(\s|$)/;
// What makes a cell an entry script, as in the documentation: it defines run, or brings it in.
const SCRIPT = /^(async\s+def|def)\s+run\b|^run\s*=|^from\s.*\bimport\b.*\brun\b/m;

export class PackageButton implements DocumentRegistry.IWidgetExtension<NotebookPanel, INotebookModel> {
  createNew(panel: NotebookPanel): ToolbarButton {
    const made = new ToolbarButton({ icon, tooltip: t.__("Package this cell"), onClick: () => void packageCell(panel) });
    panel.toolbar.insertBefore("spacer", "modelpack", made);
    return made;
  }
}

// Write the magic above the cell, if it is not there, and run it: what it then says is what it says to everybody.
export async function packageCell(panel: NotebookPanel): Promise<void> {
  const { content, sessionContext } = panel;
  const sources = content.widgets.map((cell) => (cell.model.type === "code" ? cell.model.sharedModel.getSource() : ""));
  const at = entry(sources, content.activeCellIndex);
  const cell = content.widgets[at];
  if (!cell) {
    Notification.warning(t.__("No entry script: choose a cell that defines run(data), or write %1 above one.", MAGIC), { autoClose: 8_000 });
    return;
  }
  content.activeCellIndex = at;
  const source = sources[at] ?? "";
  if (!MARKED.test(source)) cell.model.sharedModel.setSource(`${MAGIC}\n${source}`);
  await sessionContext.ready;
  await sessionContext.session?.kernel?.requestExecute({
    code: "get_ipython().extension_manager.load_extension('jupyter_modelpack')",
    silent: true,
    store_history: false,
  }).done;
  await NotebookActions.run(content, sessionContext);
}

// The current cell where it is one; else the nearest above that is marked, else the first; -1 where there is none.
function entry(sources: string[], current: number): number {
  const here = sources[current] ?? "";
  if (MARKED.test(here) || SCRIPT.test(here)) return current;
  const marked = sources.flatMap((source, at) => (MARKED.test(source) ? [at] : []));
  return marked.filter((at) => at < current).pop() ?? marked[0] ?? -1;
}
