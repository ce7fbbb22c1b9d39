// What went wrong: the message, the last lines, what to do.
import { el } from "./dom";
import type { IFailure } from "./api";
import { t } from "./words";

export function failure(error: IFailure): HTMLElement {
  return el(
    "div",
    { class: "mpl-failure", role: "alert" },
    error.step ? el("div", { class: "mpl-muted" }, t.__("At: %1", error.step)) : null,
    el("div", { class: "mpl-bad" }, error.message),
    error.lines.length ? el("pre", { class: "mpl-log", tabindex: 0, "aria-label": t.__("Last lines") }, error.lines.join("\n")) : null,
    error.hint ? el("div", { class: "mpl-hint" }, error.hint) : null,
  );
}
