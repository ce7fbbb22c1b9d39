import { say } from "./dom.js";

// Copying needs a secure page; over plain http the old way still works.
export async function copy(text, button) {
  const label = button.dataset.label ?? (button.dataset.label = button.textContent);
  let done = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    done = document.execCommand("copy");
    area.remove();
    button.focus();
  }
  say(button, done ? "Copied" : "Not copied");
  setTimeout(() => say(button, label), 1500);
}
