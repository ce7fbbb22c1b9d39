// One table whose rows stay on the server: sorted, filtered and paged there; what stands here is one page.
import { Clipboard } from "@jupyterlab/apputils";
import type { IPage, IRow } from "./api";
import { failureOf, get } from "./api";
import { button, el, say, show } from "./dom";
import { failure } from "./failure";
import { said } from "./phrases";
import { t, translated } from "./words";

// Columns of words of ours; what stands in the others is data.
const WORDS = new Set(["CREATED", "STARTED", "STATE"]);

// What asks whether one is sure.
const SURE = new Set(["remove", "delete"]);
const SURE_MS = 5_000;

export interface ITable {
  name: string;
  title: string;
  // What to say, and to offer, where there is nothing.
  empty(): HTMLElement;
  act(action: string, row: IRow): void;
}

export class Table {
  readonly element: HTMLElement;
  private readonly filter: HTMLInputElement;
  private readonly count = el("span", { class: "mpl-muted", role: "status" });
  private readonly before: HTMLButtonElement;
  private readonly after: HTMLButtonElement;
  private readonly heads = el("tr", { role: "row" });
  private readonly body = el("tbody", { role: "rowgroup" });
  private readonly grid: HTMLTableElement;
  private readonly empty = el("div", { class: "mpl-empty", hidden: true });
  private readonly trouble = el("div", {});
  private page = 0;
  private sort = -1;
  private down = false;
  private asked = 0;
  private drawn = "";
  private typing = 0;
  private armed = "";
  private calming = 0;
  private stale = true;
  private loading = false;

  constructor(private readonly what: ITable, private readonly target: () => Record<string, string>) {
    this.filter = el("input", { type: "search", class: "mpl-input mpl-filter", placeholder: t.__("Filter"), "aria-label": t.__("Filter %1", what.title) });
    this.filter.addEventListener("input", () => {
      window.clearTimeout(this.typing);
      this.typing = window.setTimeout(() => {
        this.page = 0;
        void this.load();
      }, 150);
    });
    this.before = button("‹", () => this.go(-1), { "aria-label": t.__("Previous page") });
    this.after = button("›", () => this.go(1), { "aria-label": t.__("Next page") });
    this.grid = el("table", { class: "mpl-table", role: "table", "aria-label": what.title }, el("thead", { role: "rowgroup" }, this.heads), this.body);
    const top = el("div", { class: "mpl-top" }, this.filter, this.count, el("span", { class: "mpl-pager" }, this.before, this.after));
    this.element = el("div", { class: "mpl-tablebox" }, top, this.trouble, this.grid, this.empty);
  }

  // Something has changed: load it again when it is in view.
  changed(): void {
    this.stale = true;
    this.look();
  }

  // Pages that nobody looks at ask nothing: all of them together have six requests at a time.
  look(): void {
    if (this.stale && !this.loading && this.element.offsetParent) void this.load();
  }

  private async load(): Promise<void> {
    const mine = (this.asked += 1);
    this.stale = false;
    this.loading = true;
    const query = { ...this.target(), filter: this.filter.value, page: String(this.page), sort: this.sort < 0 ? "" : String(this.sort), down: String(this.down) };
    try {
      const page = await get<IPage>(`table/${this.what.name}`, query);
      if (mine === this.asked) this.draw(page);
    } catch (error) {
      if (mine === this.asked) this.trouble.replaceChildren(failure(failureOf(error)));
    }
    if (mine === this.asked) this.loading = false;
    this.look();
  }

  private draw(page: IPage): void {
    this.page = page.page;
    this.trouble.replaceChildren();
    this.before.disabled = page.page === 0;
    this.after.disabled = page.page + 1 >= page.pages;
    show(this.before.parentElement as HTMLElement, page.pages > 1);
    const whole = page.count === page.of ? String(page.of) : t.__("%1 of %2", page.count, page.of);
    say(this.count, page.pages > 1 ? t.__("%1 of %2", `${page.first + 1}–${page.first + page.rows.length}`, whole) : whole);
    // Redrawn only when it differs: news from the server must not take the focus from a button.
    const now = JSON.stringify([page.rows, this.sort, this.down]);
    if (now === this.drawn) return;
    this.drawn = now;
    show(this.grid, page.rows.length > 0);
    show(this.empty, page.rows.length === 0);
    if (!page.rows.length) this.empty.replaceChildren(page.of ? el("p", {}, t.__("Nothing matches.")) : this.what.empty());
    this.heads.replaceChildren(...page.columns.map((name, at) => this.heading(name, at)), el("th", { role: "columnheader" }, el("span", { class: "mpl-sr" }, t.__("Actions"))));
    const focused = document.activeElement?.getAttribute("data-act");
    this.body.replaceChildren(...page.rows.map((row) => this.row(row, page)));
    if (focused) this.body.querySelector<HTMLElement>(`[data-act="${CSS.escape(focused)}"]`)?.focus();
  }

  private heading(name: string, at: number): HTMLElement {
    const sorted = this.sort !== at ? "none" : this.down ? "descending" : "ascending";
    return el("th", { scope: "col", role: "columnheader", "aria-sort": sorted }, button(translated(name), () => this.order(at), { class: "mpl-sort" }));
  }

  private row(one: IRow, page: IPage): HTMLElement {
    const cells = one.cells.map((given, at) => {
      const cell = WORDS.has(page.columns[at] ?? "") ? said(given) : given;
      const mark = at === 0 && page.marks && one.ours ? el("span", { class: "mpl-mark", title: t.__("packaged here") }, "● ") : null;
      return el("td", { role: "cell", title: cell, "data-label": translated(page.columns[at] ?? "") }, mark, cell);
    });
    const acts = one.actions.map((action) => this.action(action, one));
    return el("tr", { role: "row" }, ...cells, el("td", { role: "cell", class: "mpl-rowacts" }, ...acts));
  }

  private action(action: string, row: IRow): HTMLElement {
    const label = this.label(action), what = `${action} ${row.name}`;
    const made = button(label, () => {
      if (action === "copy") {
        Clipboard.copyToSystem(row.name);
        say(made, t.__("Copied"));
        window.setTimeout(() => say(made, label), 1_500);
      } else if (SURE.has(action) && this.armed !== what) {
        this.arm(what);
      } else {
        this.arm("");
        this.what.act(action, row);
      }
    }, { "data-act": what });
    this.dress(made, label, row.name, this.armed === what);
    return made;
  }

  // What asks whether one is sure goes on asking when the rows are drawn again.
  private arm(what: string): void {
    window.clearTimeout(this.calming);
    this.armed = what;
    for (const one of this.body.querySelectorAll<HTMLElement>("[data-act]")) {
      const act = one.dataset["act"] ?? "";
      const action = act.slice(0, act.indexOf(" "));
      if (SURE.has(action)) this.dress(one, this.label(action), act.slice(action.length + 1), act === what);
    }
    if (what) this.calming = window.setTimeout(() => this.arm(""), SURE_MS);
  }

  private dress(made: HTMLElement, label: string, name: string, armed: boolean): void {
    say(made, armed ? t.__("Sure?") : label);
    made.setAttribute("aria-label", armed ? `${label} ${name}. ${t.__("Sure?")}` : `${label} ${name}`);
  }

  private label(action: string): string {
    const labels: Record<string, string> = {
      run: t.__("Run"),
      remove: t.__("Remove"),
      delete: t.__("Delete"),
      prove: t.__("Prove…"),
      save: t.__("Save…"),
      push: t.__("Push…"),
      kill: t.__("Kill"),
      open: t.__("Open"),
      copy: t.__("Copy"),
      package: t.__("Package…"),
    };
    return labels[action] ?? action;
  }

  private go(by: number): void {
    this.page += by;
    void this.load();
  }

  private order(at: number): void {
    this.down = this.sort === at && !this.down;
    this.sort = at;
    this.page = 0;
    void this.load();
  }
}
