// A log that follows its end, can be held still and copied. Lines carry numbers: one that comes twice is shown once.
import { Clipboard } from "@jupyterlab/apputils";
import { button, el, say } from "./dom";
import { t } from "./words";

const KEPT = 400;

export class Log {
  readonly element: HTMLDetailsElement;
  private lines: string[] = [];
  private next = 0;
  private following = true;
  private readonly box: HTMLPreElement;
  private readonly count = el("span", { class: "mpl-muted" });

  constructor(label: string, opened: boolean, toggled: (open: boolean) => void = () => undefined) {
    this.box = el("pre", { class: "mpl-log", role: "log", "aria-label": label, tabindex: 0 });
    const follow = button(t.__("Pause"), () => {
      this.following = !this.following;
      say(follow, this.following ? t.__("Pause") : t.__("Follow"));
      if (this.following) this.redraw();
    });
    const copy = button(t.__("Copy"), () => Clipboard.copyToSystem(this.lines.join("\n")));
    const tools = el("div", { class: "mpl-actions" }, follow, copy);
    this.element = el("details", { class: "mpl-details", open: opened }, el("summary", {}, label, " ", this.count), tools, this.box);
    this.element.addEventListener("toggle", () => {
      if (this.element.open) this.redraw();
      toggled(this.element.open);
    });
  }

  reset(): void {
    this.lines = [];
    this.next = 0;
    this.redraw();
  }

  take(first: number, fresh: string[]): void {
    const added = fresh.slice(Math.max(0, this.next - first));
    if (!added.length) return;
    this.next = first + fresh.length;
    this.lines = this.lines.concat(added).slice(-KEPT);
    say(this.count, t._n("%1 line", "%1 lines", this.next));
    if (!this.element.open || !this.following) return;
    this.box.append(...added.slice(-KEPT).map((line) => document.createTextNode(`${line}\n`)));
    while (this.box.childNodes.length > KEPT) this.box.firstChild?.remove();
    this.box.scrollTop = this.box.scrollHeight;
  }

  private redraw(): void {
    this.box.replaceChildren(...this.lines.map((line) => document.createTextNode(`${line}\n`)));
    this.box.scrollTop = this.box.scrollHeight;
  }
}
