// One job: what it does, its stages and its log; what it made, or why it did not; what can be done next.
import { Clipboard } from "@jupyterlab/apputils";
import type { IJob } from "./api";
import { failureOf, post } from "./api";
import { button, el, say, show } from "./dom";
import { failure } from "./failure";
import { Log } from "./log";
import { deed, said } from "./phrases";
import { planned } from "./plan";
import { Stages } from "./stages";
import { bytes, seconds, t } from "./words";

export interface IDeeds {
  run(name: string): Promise<void>;
  openService(name: string): void;
  again(job: IJob): void;
  aside(job: IJob): void;
}

export class JobView {
  readonly element: HTMLElement;
  private readonly head = el("span", { class: "mpl-head", role: "status" });
  private readonly clock = el("span", { class: "mpl-muted" });
  private readonly stages = new Stages();
  private readonly log = new Log(t.__("Log"), false);
  private readonly made = el("div", {});
  private readonly stop: HTMLButtonElement;
  private readonly close: HTMLButtonElement;
  private drawn = "";

  constructor(private job: IJob, private readonly deeds: IDeeds) {
    this.stop = button(t.__("Cancel"), () => void this.cancel());
    this.close = button("×", () => deeds.aside(this.job), { "aria-label": t.__("Put aside"), title: t.__("Put aside"), hidden: true });
    const top = el("div", { class: "mpl-top" }, this.head, this.clock, this.stop, this.close);
    this.element = el("section", { class: "mpl-job", "aria-label": t.__("Job") }, top, this.stages.element, this.log.element, this.made);
    this.update(job);
  }

  update(job: IJob): void {
    this.job = job;
    this.element.dataset["state"] = job.state;
    this.element.dataset["job"] = job.id;
    say(this.head, heading(job));
    say(this.clock, seconds(job.seconds));
    show(this.stop, job.state === "running");
    this.stages.update(job);
    this.log.take(job.first, job.lines);
    const drawn = `${job.state} ${job.error?.code ?? ""}`;
    if (drawn !== this.drawn) {
      this.drawn = drawn;
      this.made.replaceChildren(...this.ending());
    }
  }

  // Whether it may be put aside.
  offer(wanted: boolean): void {
    show(this.close, wanted);
  }

  private async cancel(): Promise<void> {
    this.stop.disabled = true;
    try {
      await post(`cancel/${this.job.id}`);
    } catch (error) {
      this.made.replaceChildren(failure(failureOf(error)));
      this.stop.disabled = false;
    }
  }

  private ending(): HTMLElement[] {
    const { job, deeds } = this;
    if (job.state === "running") return job.error ? [failure(job.error)] : []; // a newer modelpack's: it cannot be read
    const again = button(t.__("Again…"), () => deeds.again(job));
    if (job.state !== "done") {
      const lost = t.__("Its process has ended without a word. Start it again: what was fetched is kept.");
      const said = job.error ?? { code: "lost", message: lost, hint: "", step: "", lines: [] };
      return [failure(said), el("div", { class: "mpl-actions" }, again)];
    }
    const found = job.result ?? {};
    if (job.verb === "package") return this.packaged(found, again);
    if (job.verb === "run") {
      const name = String(found.service?.name ?? "");
      return [el("div", { class: "mpl-actions" }, button(t.__("Open %1", name), () => deeds.openService(name)))];
    }
    if (job.verb === "plan") return [planned(found)];
    if (job.verb === "prove" && found.proof) return [el("div", { class: "mpl-result" }, proof(found.proof))];
    if (job.verb === "client" && !found.written) return program(String(found.text));
    return [el("div", { class: "mpl-muted mpl-result" }, result(found))];
  }

  private packaged(found: any, again: HTMLButtonElement): HTMLElement[] {
    const layers: any[] = Array.isArray(found.layers) ? found.layers : [];
    const reused = layers.filter((layer) => layer.reused).length;
    const rows: [string, string][] = [
      [t.__("reference"), String(found.reference)],
      [t.__("digest"), String(found.digest)],
      [t.__("size"), bytes(Number(found.size))],
      [t.__("models"), (found.models ?? []).join(", ") || t.__("none")],
      ...(found.dockerfile ? [] : [[t.__("proof"), proof(found.proof)] as [string, string]]),
    ];
    const table = el("table", { class: "mpl-fields" }, el("tbody", {}, ...rows.map(([name, value]) =>
      el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, value)))));
    const list = el("ul", { class: "mpl-layers" }, ...layers.map((layer) =>
      el("li", {}, said(String(layer.title)), " ", el("span", { class: "mpl-muted" },
        `${bytes(Number(layer.size))} · ${layer.reused ? t.__("reused") : t.__("new")}`))));
    const details = el("details", { class: "mpl-details" },
      el("summary", {}, t.__("Layers"), " ", el("span", { class: "mpl-muted" }, t.__("%1, %2 of them reused", layers.length, reused))), list);
    const acts = el("div", { class: "mpl-actions" });
    if (!found.dockerfile)
      acts.append(button(t.__("Run"), () => void this.deeds.run(String(found.reference)), { class: "mpl-button mpl-main" }));
    acts.append(again);
    return [table, details, acts];
  }
}

function heading(job: IJob): string {
  // Of a reference, its last part: the registry is the workspace's own.
  const named = String(job.form["name"] ?? job.form["package"] ?? job.form["image"] ?? job.form["path"] ?? job.form["file"] ?? "");
  const what = named.slice(named.lastIndexOf("/") + 1);
  const label = what ? `${deed(job.verb)} ${what}` : deed(job.verb);
  if (job.state === "running") return t.__("%1: running", label);
  if (job.state === "done") return t.__("%1: done", label);
  if (job.state === "cancelled") return t.__("%1: cancelled", label);
  return t.__("%1: failed", label);
}

// Whether a package answers as the notebook does, with the numbers or the reason.
function proof(found: any): string {
  if (!found) return t.__("not proven: it has no sample");
  if (found.state !== "proven") return t.__("not proven: %1", String(found.reason));
  return t.__("proven: %1 of %2 equal, largest difference %3", found.equal, found.rows, found.largest);
}

function program(text: string): HTMLElement[] {
  const copy = button(t.__("Copy"), () => Clipboard.copyToSystem(text));
  return [el("pre", { class: "mpl-log", "aria-label": t.__("Program"), tabindex: 0 }, text), el("div", { class: "mpl-actions" }, copy)];
}

// What a verb returned, in one line: its words and numbers.
function result(found: Record<string, unknown>): string {
  return Object.entries(found)
    .filter(([, value]) => typeof value === "string" || typeof value === "number")
    .map(([name, value]) => `${name}: ${value}`)
    .join(" · ");
}
