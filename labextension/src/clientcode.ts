// The request as a program in a language of choice; the server writes it, for it knows the service's keys and scheme.
import { Clipboard } from "@jupyterlab/apputils";
import { failureOf } from "./api";
import { button, el, say, show } from "./dom";
import { failure } from "./failure";
import { t } from "./words";

export class ClientCode {
  readonly element: HTMLDetailsElement;
  private readonly choice: HTMLSelectElement;
  private readonly copier = button(t.__("Copy"), () => void this.copy());
  private readonly trouble = el("div", { role: "status" });
  private readonly box = el("pre", { class: "mpl-log", "aria-label": t.__("Program"), tabindex: 0, hidden: true });

  constructor(private readonly write: (language: string) => Promise<string>) {
    this.choice = el("select", { class: "mpl-input", "aria-label": t.__("Language"), change: () => void this.see() });
    const tools = el("div", { class: "mpl-line" }, this.choice, this.copier);
    this.element = el("details", { class: "mpl-details" }, el("summary", {}, t.__("Client code")), tools, this.trouble, this.box);
    this.element.addEventListener("toggle", () => this.changed());
  }

  offer(languages: Record<string, string>): void {
    this.choice.replaceChildren(...Object.entries(languages).map(([name, title]) => el("option", { value: name }, title)));
  }

  // The request is another one.
  changed(): void {
    if (this.element.open) void this.see();
  }

  private async copy(): Promise<void> {
    if (!(await this.see())) return;
    Clipboard.copyToSystem(this.box.textContent ?? "");
    say(this.copier, t.__("Copied"));
    setTimeout(() => say(this.copier, t.__("Copy")), 1500);
  }

  // Whether there is a program.
  private async see(): Promise<boolean> {
    try {
      say(this.box, await this.write(this.choice.value));
      show(this.box, true);
      this.trouble.replaceChildren();
      return true;
    } catch (error) {
      show(this.box, false);
      this.trouble.replaceChildren(failure(failureOf(error)));
      return false;
    }
  }
}
