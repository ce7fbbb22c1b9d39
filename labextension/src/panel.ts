// The side panel: four tables side by side, the jobs above them, a service below.
import type { Form, IJob, IRow, IService } from "./api";
import { failureOf, get, post } from "./api";
import { button, el, say, show } from "./dom";
import { failure } from "./failure";
import { IDeeds, JobView } from "./jobview";
import { ServiceView } from "./serviceview";
import { Shown } from "./shown";
import type { Store } from "./store";
import type { IEvent } from "./stream";
import { ITable, Table } from "./table";
import { VERSION } from "./version";
import { t } from "./words";

const TABS = ["models", "packages", "images", "services"] as const;
export type Tab = (typeof TABS)[number];

// Jobs that are shown where they were asked for, and nowhere else.
const ASIDE = new Set(["plan", "script", "client"]);

export interface ICommands {
  package(preset: Record<string, unknown>): void;
  form(verb: string, preset: Record<string, unknown>): void;
}

export interface IPlace {
  tab: Tab;
  service: string;
}

export class Panel extends Shown implements IDeeds {
  private readonly banner = el("div", {});
  private readonly jobs = el("div", { class: "mpl-jobs" });
  private readonly earlier = el("details", { class: "mpl-details", hidden: true });
  private readonly heads = new Map<Tab, HTMLButtonElement>();
  private readonly place = el("div", { id: "mpl-tabpanel", role: "tabpanel", tabindex: -1 });
  private readonly news = el("div", { class: "mpl-news", role: "status" });
  private readonly below = el("div", {});
  private readonly tables: Map<Tab, Table>;
  private readonly views = new Map<string, JobView>();
  private service: ServiceView | null = null;
  private now: Tab = "packages";
  private settled = false;

  constructor(store: Store, private readonly commands: ICommands, private readonly moved: (place: IPlace) => void) {
    super(store);
    this.id = "jupyter-modelpack";
    this.addClass("mpl");
    this.addClass("mpl-panel");
    this.node.setAttribute("role", "region");
    this.node.setAttribute("aria-label", t.__("Model packages"));
    this.tables = new Map(TABS.map((tab) => [tab, new Table(this.source(tab), () => store.target())]));
    const top = el("div", { class: "mpl-top" }, el("span", { class: "mpl-head" }, t.__("Model packages")),
      button(t.__("Package a model…"), () => commands.package({}), { class: "mpl-button mpl-main" }));
    const tabs = el("div", { class: "mpl-tabs", role: "tablist", "aria-label": t.__("Model packages") }, ...TABS.map((tab) => this.head(tab)));
    this.node.append(top, this.banner, this.jobs, tabs, this.place, this.news, this.below);
    store.job.connect((_store, job) => this.heard(job));
    store.changed.connect((_store, changed) => TABS.forEach((tab) => changed.includes(tab) && this.tables.get(tab)?.changed()));
    store.connected.connect((_store, open) => this.connection(open));
    store.followed.connect((_store, event) => this.followed(event));
    this.turn("packages");
  }

  // --- what can be asked of it ---

  turn(tab: Tab): void {
    this.now = tab;
    for (const [name, head] of this.heads) {
      head.setAttribute("aria-selected", String(name === tab));
      head.tabIndex = name === tab ? 0 : -1;
    }
    this.place.setAttribute("aria-labelledby", `mpl-tab-${tab}`);
    const table = this.tables.get(tab);
    if (table) {
      this.place.replaceChildren(table.element);
      table.look();
    }
    this.tell();
  }

  // Who started it wants to see it; another tab does not.
  async run(name: string): Promise<void> {
    try {
      say(this.news, "");
      const job = await this.store.finish("run", { package: name, port: this.store.settings.port });
      if (job.state === "done") this.openService(String(job.result?.service?.name ?? ""));
    } catch (error) {
      this.news.replaceChildren(failure(failureOf(error)));
    }
  }

  // From now on, where one is is remembered.
  settle(): void {
    this.settled = true;
  }

  // One that was shown before a reload, if it still runs.
  async restoreService(name: string): Promise<void> {
    try {
      const found = await get<IService>(`service/${encodeURIComponent(name)}`, this.store.target());
      if (!found.ended && !this.service) this.openService(name);
    } catch {
      // It is gone.
    }
  }

  openService(name: string): void {
    this.service = new ServiceView(name, () => this.store.target(), () => this.closeService());
    this.below.replaceChildren(this.service.element);
    this.store.follow(name);
    this.service.element.scrollIntoView({ block: "nearest" });
    this.tell();
  }

  again(job: IJob): void {
    this.aside(job);
    this.commands.form(job.verb, job.form);
  }

  aside(job: IJob): void {
    this.store.failed.delete(job.id);
    this.order();
  }

  compare(version: string | null, error?: unknown): void {
    if (version === VERSION) {
      this.banner.replaceChildren();
      return;
    }
    const message = version === null
      ? t.__("The server's half of this panel does not answer.")
      : t.__("This panel is version %1, the server's half is %2.", VERSION, version);
    const hint = version === null
      ? t.__("Enable it with: jupyter server extension enable jupyter_modelpack. Then restart the Jupyter server.")
      : t.__("Restart the Jupyter server, then reload this page.");
    const cause = version === null && error ? ` ${failureOf(error).message}` : "";
    this.banner.replaceChildren(failure({ code: "version", message: message + cause, hint, step: "", lines: [] }));
  }

  protected override onActivateRequest(): void {
    this.heads.get(this.now)?.focus();
  }

  protected override onAfterShow(): void {
    super.onAfterShow();
    this.tables.get(this.now)?.look();
  }

  protected override onAfterAttach(): void {
    super.onAfterAttach();
    this.tables.get(this.now)?.look();
  }

  // --- its parts ---

  private head(tab: Tab): HTMLButtonElement {
    const made = button(this.title_(tab), () => this.turn(tab), {
      class: "mpl-tab", role: "tab", id: `mpl-tab-${tab}`, "aria-controls": "mpl-tabpanel",
      keydown: (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[(event as KeyboardEvent).key];
        if (!step) return;
        const to = TABS[(TABS.indexOf(tab) + step + TABS.length) % TABS.length] as Tab;
        this.turn(to);
        this.heads.get(to)?.focus();
      },
    });
    this.heads.set(tab, made);
    return made;
  }

  private title_(tab: Tab): string {
    const titles = { models: t.__("Models"), packages: t.__("Packages"), images: t.__("Images"), services: t.__("Services") };
    return titles[tab];
  }

  private source(tab: Tab): ITable {
    return { name: tab, title: this.title_(tab), empty: () => this.empty(tab), act: (action, row) => void this.act(tab, action, row) };
  }

  private empty(tab: Tab): HTMLElement {
    const { commands } = this;
    const [why, label, act] = {
      models: [
        t.__("No model is registered in this workspace. Register a file that a training run has saved, or right-click one in the file browser."),
        t.__("Register a model…"), () => commands.form("register", {}),
      ],
      packages: [
        t.__("This workspace holds no package. A package is a model with its entry script and environment, as a container image."),
        t.__("Package a model…"), () => commands.package({}),
      ],
      images: [
        t.__("The engine has no image. Run a package, and its image is put there."),
        t.__("Show packages"), () => this.turn("packages"),
      ],
      services: [
        t.__("No service was started. Run a package: it then answers requests on this machine."),
        t.__("Show packages"), () => this.turn("packages"),
      ],
    }[tab] as [string, string, () => void];
    return el("div", {}, el("p", {}, why), button(label, act));
  }

  private async act(tab: Tab, action: string, row: IRow): Promise<void> {
    if (action === "open") return this.openService(row.name);
    if (action === "run") return this.run(row.name);
    if (action === "package") return this.commands.package({ model: [row.name] });
    if (["prove", "save", "push"].includes(action)) return this.commands.form(action, { package: row.name });
    const deeds: Record<string, [Form, string]> = {
      kill: [{ service: row.name }, t.__("%1 was killed.", row.name)],
      remove: [{ image: row.name }, t.__("%1 was removed.", row.name)],
      delete: [{ kind: tab.slice(0, -1), names: [row.name] }, t.__("%1 was deleted.", row.name)],
    };
    const [form, news] = deeds[action] ?? [{}, ""];
    try {
      await post(`do/${action}`, this.store.placed(action, form));
      say(this.news, news);
    } catch (error) {
      this.news.replaceChildren(failure(failureOf(error)));
    }
    this.tables.get(tab)?.changed();
  }

  // --- what it hears ---

  private heard(job: IJob): void {
    const known = this.views.get(job.id);
    const before = known?.element.dataset["state"];
    if (known) known.update(job);
    else this.views.set(job.id, new JobView(job, this));
    if (!known || before !== job.state) this.order();
  }

  // Shown are jobs that run, the one that was begun last, and those whose failure nobody has put aside; the others are a click away.
  private order(): void {
    const { jobs, failed } = this.store;
    for (const id of this.views.keys()) if (!jobs.has(id)) this.views.delete(id);
    const all = [...jobs.values()].filter((job) => !ASIDE.has(job.verb)).sort((a, b) => (a.id < b.id ? 1 : -1));
    const first = all.filter((job, at) => job.state === "running" || at === 0 || failed.has(job.id));
    const rest = all.filter((job) => !first.includes(job));
    const elements = (some: IJob[]): HTMLElement[] => some.flatMap((job) => this.views.get(job.id)?.element ?? []);
    for (const job of all) this.views.get(job.id)?.offer(failed.has(job.id) && job !== all[0]);
    const bad = rest.filter((job) => job.state === "failed" || job.state === "lost").length;
    const note = bad ? el("span", { class: "mpl-bad" }, t.__("%1 failed", bad)) : null;
    show(this.earlier, rest.length > 0);
    this.earlier.replaceChildren(el("summary", {}, t._n("%1 earlier job", "%1 earlier jobs", rest.length), bad ? " · " : "", note), ...elements(rest));
    this.jobs.replaceChildren(...elements(first), this.earlier);
  }

  private followed(event: IEvent): void {
    if (!this.service || event.data?.name !== this.service.name) return;
    if (event.kind === "service") this.service.take(event.data);
    else if (event.kind === "lines") this.service.lines(event.data.first, event.data.lines);
    else if (event.kind === "restart") this.service.restart();
    else if (event.kind === "trouble") this.news.replaceChildren(failure(event.data));
  }

  private connection(open: boolean): void {
    if (open) say(this.news, "");
    else say(this.news, t.__("The Jupyter server does not answer; trying again…"));
  }

  private closeService(): void {
    this.service = null;
    this.below.replaceChildren();
    this.store.follow("");
    this.tell();
  }

  private tell(): void {
    if (this.settled) this.moved({ tab: this.now, service: this.service?.name ?? "" });
  }
}
