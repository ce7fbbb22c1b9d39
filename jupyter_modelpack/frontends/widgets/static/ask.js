import { button, el } from "./dom.js";

let count = 0;

// A button that asks for one word before it acts: a registry, a file.
export function ask(title, { label, value, act }) {
  const id = `mp-ask-${(count += 1)}`;
  const input = el("input", { id, class: "mp-filter mp-wide", type: "text", spellcheck: "false", autocomplete: "off" });
  const go = el("button", { type: "submit", class: "mp-button mp-main" }, title);
  const form = el("form", { class: "mp-ask mp-hidden" }, el("label", { for: id }, label), input, go);
  const opener = button(title, () => show(form.classList.contains("mp-hidden")), { "aria-expanded": "false", "aria-controls": `${id}-form` });
  form.id = `${id}-form`;
  input.value = value;

  function show(open) {
    form.classList.toggle("mp-hidden", !open);
    opener.setAttribute("aria-expanded", String(open));
    (open ? input : opener).focus();
  }
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") show(false);
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    go.disabled = true;
    const done = await act(input.value.trim());
    go.disabled = false;
    if (done) show(false);
  });
  return { button: opener, form };
}
