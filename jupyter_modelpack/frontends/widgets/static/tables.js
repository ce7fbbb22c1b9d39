import { button, el, say } from "./dom.js";
import { channel } from "./channel.js";
import { child } from "./child.js";
import { group } from "./group.js";
import { table } from "./table.js";

let count = 0;

// Tables side by side, one shown at a time.
function render({ model, el: root }) {
  const line = channel(model, root);
  const tabs = model.get("tabs");
  const ids = `mp-tabs-${(count += 1)}`;
  const news = el("div", { class: "mp-news", role: "status" });
  const inner = el("div", { class: "mp-child" });
  const place = el("div", { id: `${ids}-panel` });
  const shown = new Map();
  const heads = tabs.map((tab, at) => button(tab.title, () => open(at), {
    class: "mp-tab", role: "tab", id: `${ids}-${at}`, "aria-controls": `${ids}-panel`, keydown: (event) => turn(event, at),
  }));
  group(root, tabs.length > 1 ? "Model packages" : tabs[0].title);
  if (tabs.length > 1) {
    place.setAttribute("role", "tabpanel");
    root.append(el("div", { class: "mp-tabs", role: "tablist" }, ...heads));
  }
  root.append(place, news, inner);
  const unchild = child(model, inner);

  let now, opened = false;
  function open(at) {
    now?.rest();
    if (!shown.has(at)) shown.set(at, table(tabs[at], line, news));
    now = shown.get(at);
    place.replaceChildren(now.element);
    place.setAttribute("aria-labelledby", `${ids}-${at}`);
    heads.forEach((head, other) => {
      head.setAttribute("aria-selected", String(other === at));
      head.tabIndex = other === at ? 0 : -1;
    });
    now.wake(opened); // what is at hand is new when the panel is, and may be old when a tab is opened later
    opened = true;
  }
  function turn(event, at) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const to = (at + step + tabs.length) % tabs.length;
    open(to);
    heads[to].focus();
  }
  open(0);
  return () => {
    now.rest();
    unchild();
    line.close();
  };
}

export default { render };
