import { el, say } from "./dom.js";
import { bytes, seconds } from "./words.js";

const SIGNS = { waiting: "○", running: "◐", done: "●", failed: "✕", cancelled: "–" };
const WORDS = { waiting: "waiting", running: "running", done: "done", failed: "failed", cancelled: "cancelled" };

// The stages of a build, each with its bytes, its time, and the time that is left.
export function stages() {
  const list = el("ol", { class: "mp-stages", "aria-label": "Stages" });
  const count = el("span", { class: "mp-muted" });
  const details = el("details", { class: "mp-details", open: true }, el("summary", {}, "Stages ", count), list);
  const rows = new Map();
  let ended = false;

  function row(name) {
    const parts = {
      sign: el("span", { class: "mp-sign", "aria-hidden": "true" }),
      title: el("span", { class: "mp-title" }),
      state: el("span", { class: "mp-sr" }),
      bar: el("progress", { class: "mp-bar", max: "1", value: "0" }),
      note: el("span", { class: "mp-note" }),
    };
    parts.item = el("li", {}, parts.sign, parts.title, parts.state, parts.bar, parts.note);
    rows.set(name, parts);
    return parts;
  }

  function update(stages, state) {
    say(count, `${stages.filter((stage) => stage.state === "done").length} of ${stages.length}`);
    // What was made is what counts when it is made; the stages are a click away.
    if (state === "done" && !ended) {
      ended = true;
      details.open = false;
    }
    const known = stages.map((stage) => {
      const parts = rows.get(stage.name) ?? row(stage.name);
      parts.item.dataset.state = stage.state;
      say(parts.sign, SIGNS[stage.state]);
      say(parts.title, stage.title);
      say(parts.state, WORDS[stage.state]);
      const measured = stage.total > 0 && stage.state === "running";
      parts.bar.classList.toggle("mp-hidden", !measured);
      if (measured) {
        parts.bar.value = stage.done / stage.total;
        parts.bar.setAttribute("aria-label", stage.title);
      }
      say(parts.note, note(stage));
      return parts.item;
    });
    if (known.length !== list.children.length || known.some((item, at) => item !== list.children[at]))
      list.replaceChildren(...known);
  }

  function note(stage) {
    if (stage.state === "waiting") return "";
    const parts = [];
    if (stage.total && stage.state === "running") parts.push(`${bytes(stage.done)} of ${bytes(stage.total)}`);
    else if (stage.total) parts.push(bytes(stage.total));
    parts.push(seconds(stage.seconds));
    if (stage.remaining != null) parts.push(`${seconds(stage.remaining)} left`);
    return parts.join(" · ");
  }

  return { element: details, update };
}
