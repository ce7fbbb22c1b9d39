import { el } from "./dom.js";

// What went wrong: the message, the last lines, what to do.
export function failure(error) {
  return el(
    "div",
    { class: "mp-failure", role: "alert" },
    error.step ? el("div", { class: "mp-muted" }, `At: ${error.step}`) : null,
    el("div", { class: "mp-bad" }, error.message),
    error.lines?.length ? el("pre", { class: "mp-log", tabindex: "0", "aria-label": "Last lines" }, error.lines.join("\n")) : null,
    error.hint ? el("div", { class: "mp-hint" }, error.hint) : null,
  );
}
