// Elements from data: strings become text nodes, so no data can become markup.
type Child = Node | string | null | undefined;
type Value = string | number | boolean | null | undefined | ((event: Event) => void);

export function el<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Record<string, Value> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, String(value));
  }
  made.append(...children.filter((child): child is Node | string => child != null));
  return made;
}

export function button(label: string, act: () => void, attributes: Record<string, Value> = {}): HTMLButtonElement {
  return el("button", { type: "button", class: "mpl-button", click: act, ...attributes }, label);
}

// Change the text only when it differs: a live region speaks at every change.
export function say(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function show(what: HTMLElement, wanted: boolean): void {
  what.hidden = !wanted;
}
