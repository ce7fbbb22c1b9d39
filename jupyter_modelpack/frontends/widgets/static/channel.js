import { failure } from "./failure.js";

// Questions to the kernel, each with its answer; and the sign of life by which it knows that we watch.
const HERE_MS = 10_000;
const GONE = ["comm_live_update", "comm:close", "destroy"];
const ENDED = {
  message: "The kernel that showed this panel has ended.",
  hint: "Run the cell again: it finds what there is, and makes or starts nothing twice.",
};

export function channel(model, root) {
  const open = new Map();
  const mine = Math.random().toString(36).slice(2);
  let count = 0;
  let ended = false;
  const heard = (message) => {
    const waiting = open.get(message.id);
    if (!waiting) return;
    open.delete(message.id);
    if (message.error) waiting.reject(message.error);
    else waiting.resolve(message.value);
  };
  model.on("msg:custom", heard);
  const here = () => {
    if (!document.hidden && !ended) model.send({ ask: "here" });
  };
  here();
  const timer = setInterval(here, HERE_MS);
  document.addEventListener("visibilitychange", here);
  // What is shown stays to be read; what would ask the kernel no longer can.
  const gone = () => {
    if (ended) return;
    ended = true;
    clearInterval(timer);
    for (const waiting of open.values()) waiting.reject(ENDED);
    open.clear();
    root.prepend(failure(ENDED));
    for (const one of root.querySelectorAll("button:not(.mp-tab)")) one.disabled = !one.textContent.startsWith("Copy");
  };
  for (const event of GONE) model.on(event, gone);
  return {
    ask(what, more) {
      const id = `${mine}-${(count += 1)}`;
      return new Promise((resolve, reject) => {
        if (ended) {
          reject(ENDED);
          return;
        }
        open.set(id, { resolve, reject });
        model.send({ ask: what, id, ...more });
      });
    },
    close() {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", here);
      model.off("msg:custom", heard);
      for (const event of GONE) model.off(event, gone);
    },
  };
}
