// A verb's form with what becomes of it: the plan where there is one, then the job, live.
import type { Form, IJob } from "./api";
import { failureOf } from "./api";
import { button, el, say } from "./dom";
import { failure } from "./failure";
import { Fields, IBrowse } from "./fields";
import { IDeeds, JobView } from "./jobview";
import { deed } from "./phrases";
import type { Store } from "./store";
import { t, translated } from "./words";

const FIRST: Record<string, string[]> = {
  package: ["model", "script", "requirements", "pip", "base", "name", "sample"],
};

// An entry script: its path, what it imports, and whether it was there before.
export interface IWritten {
  path: string;
  pip: string[];
  kept: boolean;
}

export class FormView {
  readonly element: HTMLElement;
  private readonly fields: Fields;
  private readonly news = el("div", { role: "status" });
  private readonly below = el("div", {});
  private readonly go: HTMLButtonElement;
  private job: JobView | null = null;
  private id = "";

  constructor(
    verb: string,
    preset: Form,
    private readonly store: Store,
    private readonly deeds: IDeeds,
    browse: IBrowse,
    private readonly write: (model: string) => Promise<IWritten>,
  ) {
    const known = store.about?.verbs[verb];
    const options = known?.options ?? [];
    this.fields = new Fields(options, FIRST[verb] ?? [], preset, () => store.target(), browse);
    this.go = button(deed(verb), () => void this.start(verb), { class: "mpl-button mpl-main" });
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
      this.news.replaceChildren();
      const { path, pip, kept } = await this.write(this.fields.get("model").split("\n")[0] ?? "");
      this.fields.set("script", path);
      if (kept) say(this.news, t.__("%1 is there already, and stays as it is.", path));
      // Without what the script imports, its service would die as soon as it starts.
      if (!this.fields.get("pip") && !this.fields.get("requirements")) this.fields.set("pip", pip.join("\n"));
    } catch (error) {
      this.news.replaceChildren(failure(failureOf(error)));
    }
  }
}
