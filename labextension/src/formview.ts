// A verb's form with what becomes of it: the plan where there is one, then the job, live.
import type { Form, IJob } from "./api";
import { failureOf } from "./api";
import { button, el } from "./dom";
import { failure } from "./failure";
import { Fields, IBrowse } from "./fields";
import { IDeeds, JobView } from "./jobview";
import type { Store } from "./store";
import { t, translated } from "./words";

const FIRST: Record<string, string[]> = {
  package: ["model", "script", "requirements", "pip", "base", "name", "sample"],
};

export class FormView {
  readonly element: HTMLElement;
  private readonly fields: Fields;
  private readonly news = el("div", { role: "status" });
  private readonly below = el("div", {});
  private readonly go: HTMLButtonElement;
  private job: JobView | null = null;
  private id = "";

  constructor(
    private readonly verb: string,
    preset: Form,
    private readonly store: Store,
    private readonly deeds: IDeeds,
    browse: IBrowse,
    private readonly write: (model: string) => Promise<string | null>,
  ) {
    const known = store.about?.verbs[verb];
    const options = known?.options ?? [];
    this.fields = new Fields(options, FIRST[verb] ?? [], preset, () => store.where(), browse);
    this.go = button(this.label(), () => void this.start(verb), { class: "mpl-button mpl-main" });
    const acts = el("div", { class: "mpl-actions" }, this.go);
    if (verb === "package") {
      if (store.about?.verbs["plan"]) acts.prepend(button(t.__("Plan"), () => void this.start("plan")));
      if (store.about?.verbs["script"]) acts.prepend(button(t.__("Write an entry script…"), () => void this.generate()));
    }
    this.element = el("div", { class: "mpl mpl-form", role: "form", "aria-label": translated(known?.summary ?? verb) },
      el("h2", {}, translated(known?.summary ?? verb)), this.fields.element, acts, this.news, this.below);
    store.job.connect(this.heard, this);
  }

  focus(): void {
    this.fields.focus();
  }

  dispose(): void {
    this.store.job.disconnect(this.heard, this);
  }

  private label(): string {
    const labels: Record<string, string> = { package: t.__("Package"), push: t.__("Push"), save: t.__("Save"), run: t.__("Run"), register: t.__("Register"), load: t.__("Load") };
    return labels[this.verb] ?? t.__("Go");
  }

  private heard(_store: Store, job: IJob): void {
    if (job.id !== this.id) return;
    this.job?.update(job);
    this.go.disabled = job.state === "running";
  }

  private async start(verb: string): Promise<void> {
    this.go.disabled = true;
    this.news.replaceChildren();
    try {
      const known = new Set(this.store.about?.verbs[verb]?.options.map((option) => option.name));
      const given = Object.entries(this.fields.values()).filter(([name]) => known.has(name));
      const job = await this.store.start(verb, Object.fromEntries(given));
      this.id = job.id;
      this.job = new JobView(job, this.deeds);
      this.below.replaceChildren(this.job.element);
      this.heard(this.store, this.store.jobs.get(job.id) ?? job);
    } catch (error) {
      this.go.disabled = false;
      this.news.replaceChildren(failure(failureOf(error)));
    }
  }

  private async generate(): Promise<void> {
    try {
      const path = await this.write(this.fields.get("model").split("\n")[0] ?? "");
      if (path) this.fields.set("script", path);
    } catch (error) {
      this.news.replaceChildren(failure(failureOf(error)));
    }
  }
}
