import { button, el, say } from "./dom.js";
import { copy } from "./clipboard.js";
import { failure } from "./failure.js";

// The request as a program in a language of choice; the kernel writes it, for it knows the service's keys and scheme.
export function clientCode(languages, ask) {
  const choice = el("select", { class: "mp-filter mp-choice", "aria-label": "Language", change: show },
    ...Object.entries(languages).map(([name, title]) => el("option", { value: name }, title)));
  const program = el("pre", { class: "mp-log mp-hidden", "aria-label": "Program", tabindex: "0" });
  const trouble = el("div", { role: "status" });
  const copier = button("Copy", async () => {
    if (await show()) copy(program.textContent, copier);
  });
  const tools = el("span", { class: "mp-tools" }, choice, copier);
  const element = el("details", { class: "mp-details" }, el("summary", {}, "Client code"), tools, trouble, program);
  element.addEventListener("toggle", () => element.open && show());

  // Whether there is one.
  async function show() {
    try {
      const text = await ask(choice.value);
      program.classList.remove("mp-hidden");
      say(program, text);
      trouble.replaceChildren();
      return true;
    } catch (error) {
      program.classList.add("mp-hidden");
      trouble.replaceChildren(failure(error));
      return false;
    }
  }

  // The request has changed.
  function changed() {
    if (element.open) show();
  }
  return { element, changed };
}
