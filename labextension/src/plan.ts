// What a build would do, before it does it: layers, sizes, what is kept and what is to be fetched.
import { el } from "./dom";
import { said } from "./phrases";
import { bytes, t } from "./words";

interface IStep {
  title: string;
  state: string;
  size: number;
  download: number;
}

export function planned(found: any): HTMLElement {
  const steps: IStep[] = found?.steps ?? [];
  const fetched = Number(found?.download ?? 0);
  const kept = steps.filter((step) => step.state === "kept").length;
  const rows = steps.map((step) =>
    el("tr", {}, el("td", {}, said(step.title)), el("td", { class: "mpl-number" }, size(step)), el("td", {}, word(step.state))));
  const head = el("tr", {}, ...[t.__("Layer"), t.__("Size"), ""].map((name) => el("th", { scope: "col" }, name)));
  return el("section", { class: "mpl-plan", "aria-label": t.__("Plan") },
    el("div", {}, t.__("%1 layers, %2 of them here already; to fetch: %3", steps.length, kept, bytes(fetched))),
    el("table", { class: "mpl-plain" }, el("thead", {}, head), el("tbody", {}, ...rows)),
    ...(found?.remarks ?? []).map((remark: string) => el("div", {}, remark)));
}

function size(step: IStep): string {
  return step.size || step.download ? bytes(step.size || step.download) : "";
}

function word(state: string): string {
  const words: Record<string, string> = { kept: t.__("here already"), made: t.__("to be made"), downloaded: t.__("to be fetched") };
  return words[state] ?? state;
}
