// The element of a view: a named group that keeps its keys to itself.
// To a notebook, `d d` on a focused button means that the cell is to be deleted. JupyterLab looks for this attribute at
// what has the focus before it looks for a shortcut; in Notebook 7 it does so before we hear of the key. What is pressed
// with Ctrl is left to the application, but not in a field for text: Ctrl itself comes first, and takes the mark away.
const OURS = "data-lm-suppress-shortcuts";

export function group(root, label) {
  root.classList.add("mp-panel");
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", label);
  const mark = (event) => {
    const { target, ctrlKey, metaKey, altKey } = event;
    const typing = target.matches("input, textarea");
    target.toggleAttribute(OURS, typing || !(ctrlKey || metaKey || altKey));
    if (typing && event.type !== "focusin") event.stopPropagation(); // or JupyterLab keeps Enter from sending a form
  };
  for (const kind of ["focusin", "keydown", "keyup"]) root.addEventListener(kind, mark);
}
