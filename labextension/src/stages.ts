// The stages of a job, each with its bytes, its time, and the time that is left.
import type { IJob, IStage } from "./api";
import { el, say } from "./dom";
import { said } from "./phrases";
import { bytes, seconds, t } from "./words";

const SIGNS = { waiting: "○", running: "◐", done: "●", failed: "✕", cancelled: "–" };

interface IParts {
  item: HTMLLIElement;
  sign: HTMLElement;
  title: HTMLElement;
  state: HTMLElement;
  bar: HTMLProgressElement;
  note: HTMLElement;
}

export class Stages {
  readonly element: HTMLDetailsElement;
  private readonly list = el("ol", { class: "mpl-stages", "aria-label": t.__("Stages") });
  private readonly count = el("span", { class: "mpl-muted" });
  private readonly rows = new Map<string, IParts>();
  private ended = false;

  constructor() {
    this.element = el("details", { class: "mpl-details", open: true }, el("summary", {}, t.__("Stages"), " ", this.count), this.list);
  }

  update(job: IJob): void {
    const done = job.stages.filter((stage) => stage.state === "done").length;
    this.element.hidden = job.stages.length === 0;
    say(this.count, t.__("%1 of %2", done, job.stages.length));
    // What was made is what counts when it is made; the stages are a click away.
    if (job.state === "done" && !this.ended) {
      this.ended = true;
      this.element.open = false;
    }
    const known = job.stages.map((stage) => this.draw(stage));
    if (known.length !== this.list.children.length || known.some((item, at) => item !== this.list.children[at]))
      this.list.replaceChildren(...known);
  }

  private draw(stage: IStage): HTMLElement {
    const parts = this.rows.get(stage.name) ?? this.row(stage.name);
    const measured = stage.total > 0 && stage.state === "running";
    parts.item.dataset["state"] = stage.state;
    say(parts.sign, SIGNS[stage.state]);
    say(parts.title, said(stage.title));
    say(parts.state, this.word(stage.state));
    parts.bar.hidden = !measured;
    parts.bar.setAttribute("aria-label", said(stage.title));
    if (measured) parts.bar.value = stage.done / stage.total;
    say(parts.note, note(stage));
    return parts.item;
  }

  private row(name: string): IParts {
    const sign = el("span", { class: "mpl-sign", "aria-hidden": "true" });
    const title = el("span", { class: "mpl-title" });
    const state = el("span", { class: "mpl-sr" });
    const bar = el("progress", { class: "mpl-bar", max: 1, value: 0 });
    const rest = el("span", { class: "mpl-note" });
    const parts = { item: el("li", {}, sign, title, state, bar, rest), sign, title, state, bar, note: rest };
    this.rows.set(name, parts);
    return parts;
  }

  private word(state: IStage["state"]): string {
    const words = {
      waiting: t.__("waiting"),
      running: t.__("running"),
      done: t.__("done"),
      failed: t.__("failed"),
      cancelled: t.__("cancelled"),
    };
    return words[state];
  }
}

function note(stage: IStage): string {
  if (stage.state === "waiting") return "";
  const parts = [];
  if (stage.total && stage.state === "running") parts.push(t.__("%1 of %2", bytes(stage.done), bytes(stage.total)));
  else if (stage.total) parts.push(bytes(stage.total));
  parts.push(seconds(stage.seconds));
  if (stage.remaining != null) parts.push(t.__("%1 left", seconds(stage.remaining)));
  return parts.join(" · ");
}
