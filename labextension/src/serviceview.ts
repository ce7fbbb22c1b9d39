// One service: how it fares, a request to send, its answer, its log, Kill.
import type { IService } from "./api";
import { failureOf, get, post } from "./api";
import { ClientCode } from "./clientcode";
import { button, el, say, show } from "./dom";
import { failure } from "./failure";
import { Log } from "./log";
import { seconds, t } from "./words";

export class ServiceView {
  readonly element: HTMLElement;
  private readonly state = el("span", { class: "mpl-badge", role: "status" });
  private readonly about = el("div", { class: "mpl-muted" });
  private readonly warning = el("div", { class: "mpl-warn", role: "status" });
  private readonly death = el("div", {});
  private readonly editor: HTMLTextAreaElement;
  private readonly send: HTMLButtonElement;
  private readonly end: HTMLButtonElement;
  private readonly news = el("div", { class: "mpl-news", role: "status" });
  private readonly answer = el("pre", { class: "mpl-log", "aria-label": t.__("Answer"), tabindex: 0, hidden: true });
  private readonly code = new ClientCode((language) => this.program(language));
  private readonly log = new Log(t.__("Logs"), true);
  private facts: IService | null = null;
  private killed = false;

  constructor(readonly name: string, private readonly target: () => Record<string, string>, closed: () => void) {
    const id = `mpl-request-${name}`;
    this.editor = el("textarea", { id, class: "mpl-input mpl-editor", rows: 4, spellcheck: "false" });
    this.editor.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        void this.score();
      }
    });
    this.editor.addEventListener("change", () => this.code.changed());
    this.send = button(t.__("Score"), () => void this.score(), { class: "mpl-button mpl-main" });
    this.end = button(t.__("Kill"), () => void this.kill(), { class: "mpl-button mpl-danger" });
    const close = button("×", closed, { "aria-label": t.__("Close %1", name) });
    const top = el("div", { class: "mpl-top" }, el("span", { class: "mpl-head" }, name), this.state, this.end, close);
    const form = el("div", {}, el("label", { for: id }, t.__("Request (JSON)")), this.editor, el("div", { class: "mpl-actions" }, this.send), this.news, this.answer);
    this.element = el("section", { class: "mpl-service", "aria-label": t.__("Service %1", name) }, top, this.about, this.warning, this.death, form, this.code.element, this.log.element);
    void this.begin();
  }

  take(facts: IService): void {
    this.facts = facts;
    this.element.dataset["state"] = facts.ended ? "ended" : facts.ready ? "ready" : "starting";
    const ended = facts.exit == null ? t.__("ended") : t.__("ended with exit code %1", facts.exit);
    say(this.state, facts.ended ? ended : facts.ready ? t.__("ready") : t.__("not ready"));
    this.send.disabled = this.end.disabled = facts.ended;
    const up = facts.uptime == null ? "" : ` · ${t.__("up %1", seconds(facts.uptime))}`;
    say(this.about, `${facts.engine} · ${t.__("port %1", facts.port)} · ${facts.image}${up}`);
    say(this.warning, facts.trouble);
    // Why it ended is no riddle when it was this page that ended it.
    this.death.replaceChildren(...(facts.death && !this.killed ? [failure(facts.death)] : []));
  }

  lines(first: number, lines: string[]): void {
    this.log.take(first, lines);
  }

  // The server begins to read the log from its start.
  restart(): void {
    this.log.reset();
  }

  trouble(error: unknown): void {
    this.news.replaceChildren(failure(failureOf(error)));
  }

  focus(): void {
    this.editor.focus();
  }

  private async begin(): Promise<void> {
    try {
      const facts = await get<IService>(`service/${encodeURIComponent(this.name)}`, this.target());
      this.take(facts);
      if (!this.editor.value) this.editor.value = facts.sample ?? "";
      this.code.offer(facts.languages ?? {});
    } catch (error) {
      this.trouble(error);
    }
  }

  private async program(language: string): Promise<string> {
    const form = { service: this.name, language, data: this.editor.value, engine: this.target()["engine"] ?? null };
    return (await post<{ text: string }>("do/client", form)).text;
  }

  private async score(): Promise<void> {
    this.send.disabled = true;
    say(this.news, t.__("Scoring…"));
    const began = performance.now();
    try {
      const form = { service: this.name, data: this.editor.value, engine: this.target()["engine"] ?? null };
      const found = await post<any>("do/score", form);
      const round = Math.max(performance.now() - began, found.milliseconds);
      say(this.news, t.__("%1 in %2 ms; %3 ms from this browser", found.status, found.milliseconds.toFixed(1), round.toFixed(0)));
      show(this.answer, true);
      say(this.answer, typeof found.value === "string" ? found.value : JSON.stringify(found.value, null, 2));
    } catch (error) {
      show(this.answer, false);
      this.trouble(error);
    }
    this.send.disabled = this.facts?.ended ?? false;
  }

  private async kill(): Promise<void> {
    this.end.disabled = this.killed = true;
    try {
      const form = { service: this.name, engine: this.target()["engine"] ?? null };
      await post("do/kill", form);
    } catch (error) {
      this.trouble(error);
      this.end.disabled = this.killed = false;
    }
  }
}
