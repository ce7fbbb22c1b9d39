import { button, el, say } from "./dom.js";
import { copy } from "./clipboard.js";

const KEPT = 400;
const SLACK = 40; // pixels from the end that still are the end

// A log that opens on demand, follows its end, can be held still and copied.
// Lines carry numbers, so that a line which comes twice (message and backlog) is shown once. Whether it is open is
// kept beside the model, on this page alone: a build that ends publishes its cell's output again, and so this view.
export function log(model, { label, onToggle }) {
  let lines = [];
  let next = 0;
  let feed;
  let following = true;
  const place = `open ${label}`;
  let open = Boolean(model.get(place));
  const box = el("pre", { class: "mp-log", role: "log", "aria-label": label, tabindex: "0" });
  const count = el("span", { class: "mp-muted" });
  const follow = button("Pause", () => hold(following));
  // Who scrolls back wants to read, not to be taken to the end with every batch.
  box.addEventListener("scroll", () => {
    if (following && box.scrollHeight - box.scrollTop - box.clientHeight > SLACK) hold(true);
  });
  const copier = button("Copy", () => copy(lines.join("\n"), copier));
  const tools = el("span", { class: "mp-tools" }, follow, copier);
  const body = el("div", {}, tools, box);
  const details = el("details", { class: "mp-details" }, el("summary", {}, label, " ", count), body);
  details.addEventListener("toggle", () => {
    open = details.open;
    model.set(place, open);
    if (open) redraw();
    onToggle?.(open);
  });

  function hold(still) {
    following = !still;
    say(follow, still ? "Follow" : "Pause");
    if (following) redraw();
  }

  function redraw() {
    box.replaceChildren(...lines.map((line) => document.createTextNode(`${line}\n`)));
    box.scrollTop = box.scrollHeight;
  }

  function take(first, fresh, which) {
    if (which !== feed) {
      feed = which;
      lines = [];
      next = 0;
      if (open && following) redraw();
    }
    const added = fresh.slice(Math.max(0, next - first));
    if (!added.length) return;
    next = first + fresh.length;
    lines = lines.concat(added).slice(-KEPT);
    say(count, next === 1 ? "1 line" : `${next} lines`);
    if (!open || !following) return;
    const piece = document.createDocumentFragment();
    for (const line of added.slice(-KEPT)) piece.append(document.createTextNode(`${line}\n`));
    box.append(piece);
    while (box.childNodes.length > KEPT) box.firstChild.remove();
    box.scrollTop = box.scrollHeight;
  }

  const heard = (message) => {
    if (message.log) take(message.first, message.log, message.feed);
  };
  const backlog = () => {
    const kept = model.get("backlog");
    if (kept?.lines) take(kept.first, kept.lines, kept.feed);
  };
  model.on("msg:custom", heard);
  backlog();
  details.open = open;
  return {
    element: details,
    close() {
      model.off("msg:custom", heard);
    },
  };
}
