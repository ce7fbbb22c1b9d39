// A form made from the declarations of a verb's options: the same that the magic and the command line are made from.
import type { Form, IOption } from "./api";
import { get } from "./api";
import { button, el } from "./dom";
import { t, translated } from "./words";

export interface IBrowse {
  (folder: boolean): Promise<string | null>;
}

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

let count = 0;

export class Fields {
  readonly element = el("div", { class: "mpl-fieldset" });
  private readonly controls = new Map<string, { option: IOption; control: Control }>();

  // `first` are shown at once, the others a click away; `preset` is what stands in them.
  constructor(options: IOption[], first: string[], preset: Form, private readonly target: () => Record<string, string>, private readonly browse: IBrowse) {
    const shown = first.length ? options.filter((option) => first.includes(option.name)) : options;
    const more = options.filter((option) => !shown.includes(option));
    shown.sort((a, b) => first.indexOf(a.name) - first.indexOf(b.name));
    this.element.append(...shown.map((option) => this.field(option, preset[option.name])));
    if (more.length) {
      const opened = more.some((option) => preset[option.name] != null && preset[option.name] !== "");
      this.element.append(el("details", { class: "mpl-details", open: opened }, el("summary", {}, t.__("More options")), ...more.map((option) => this.field(option, preset[option.name]))));
    }
  }

  focus(): void {
    this.controls.values().next().value?.control.focus();
  }

  set(name: string, value: string): void {
    const found = this.controls.get(name);
    if (found) found.control.value = value;
  }

  get(name: string): string {
    return this.controls.get(name)?.control.value.trim() ?? "";
  }

  // Only what was filled in: everything else is the verb's own default.
  values(): Form {
    const form: Form = {};
    for (const [name, { option, control }] of this.controls) {
      if (option.kind === "flag") {
        if ((control as HTMLInputElement).checked) form[name] = true;
      } else if (option.many) {
        const lines = control.value.split("\n").map((line) => line.trim()).filter((line) => line);
        if (lines.length) form[name] = lines;
      } else if (control.value.trim() !== "") {
        form[name] = option.kind === "number" ? Number(control.value) : control.value.trim();
      }
    }
    return form;
  }

  private field(option: IOption, preset: unknown): HTMLElement {
    const id = `mpl-field-${(count += 1)}`;
    const control = this.control(option, id, preset);
    this.controls.set(option.name, { option, control });
    const label = el("label", { for: id }, labelOf(option));
    const help = el("div", { class: "mpl-help", id: `${id}-help` }, translated(option.help));
    control.setAttribute("aria-describedby", `${id}-help`);
    if (option.kind === "flag") return el("div", { class: "mpl-field mpl-flag" }, control, label, help);
    const line = el("div", { class: "mpl-line" }, control);
    // What a package may be made of is a registered model, or a file.
    if (option.completes === "path" || (option.completes === "model" && option.many)) {
      line.append(button(t.__("Browse…"), () => void this.choose(control, option), { "aria-label": t.__("Browse for %1", labelOf(option)) }));
    }
    return el("div", { class: "mpl-field" }, label, line, help);
  }

  private control(option: IOption, id: string, preset: unknown): Control {
    if (option.kind === "flag") return el("input", { id, type: "checkbox", checked: preset === true });
    if (option.choices.length) {
      const made = el("select", { id, class: "mpl-input" }, el("option", { value: "" }, ""), ...option.choices.map((one) => el("option", { value: one }, one)));
      made.value = String(preset ?? "");
      return made;
    }
    if (option.many) {
      const made = el("textarea", { id, class: "mpl-input", rows: 2, spellcheck: "false", placeholder: t.__("One a line: %1", option.metavar) });
      made.value = Array.isArray(preset) ? preset.join("\n") : String(preset ?? "");
      if (option.completes && option.completes !== "path") void this.propose(option, made, id);
      return made;
    }
    const made = el("input", { id, class: "mpl-input", type: option.kind === "number" ? "number" : "text", spellcheck: "false", autocomplete: "off" });
    if (option.kind === "number") {
      made.min = String(option.between[0]);
      made.max = String(option.between[1]);
    }
    if (option.default != null && option.default !== "") made.placeholder = String(option.default);
    if (preset != null) made.value = String(preset);
    if (option.completes && option.completes !== "path") void this.propose(option, made, id);
    return made;
  }

  // Names that exist, to choose from.
  private async propose(option: IOption, control: Control, id: string): Promise<void> {
    let names: string[];
    try {
      names = await get<string[]>(`names/${option.completes}`, this.target());
    } catch {
      return; // a proposal is never an error
    }
    if (!names.length) return;
    if (control instanceof HTMLInputElement) {
      control.setAttribute("list", `${id}-names`);
      control.after(el("datalist", { id: `${id}-names` }, ...names.map((name) => el("option", { value: name }))));
      return;
    }
    const chooser = el("select", { class: "mpl-input", "aria-label": t.__("Add a known %1", labelOf(option)) }, el("option", { value: "" }, t.__("Add…")), ...names.map((name) => el("option", { value: name }, name)));
    chooser.addEventListener("change", () => {
      if (chooser.value) control.value = [control.value.trim(), chooser.value].filter((one) => one).join("\n");
      chooser.value = "";
    });
    control.after(chooser);
  }

  private async choose(control: Control, option: IOption): Promise<void> {
    const path = await this.browse(option.metavar === "FOLDER");
    if (path) control.value = option.many ? [control.value.trim(), path].filter((one) => one).join("\n") : path;
    control.focus();
  }
}

export function labelOf(option: IOption): string {
  const words = option.name.replace(/_/g, " ");
  return translated(words.charAt(0).toUpperCase() + words.slice(1));
}
