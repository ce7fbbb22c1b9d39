// Elements from data: strings become text nodes, so no data can become markup.
export function el(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

export function button(label, act, attributes) {
  return el("button", { type: "button", class: "mp-button", click: act, ...attributes }, label);
}

// Change the text only when it differs: a live region speaks at every change.
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
