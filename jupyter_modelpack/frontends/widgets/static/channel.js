// Questions to the kernel, each with its answer; and the sign of life by which it knows that we watch.
const HERE_MS = 10_000;

export function channel(model) {
  const open = new Map();
  const mine = Math.random().toString(36).slice(2);
  let count = 0;
  const heard = (message) => {
    const waiting = open.get(message.id);
    if (!waiting) return;
    open.delete(message.id);
    if (message.error) waiting.reject(message.error);
    else waiting.resolve(message.value);
  };
  model.on("msg:custom", heard);
  const here = () => {
    if (!document.hidden) model.send({ ask: "here" });
  };
  here();
  const timer = setInterval(here, HERE_MS);
  document.addEventListener("visibilitychange", here);
  return {
    ask(what, more) {
      const id = `${mine}-${(count += 1)}`;
      return new Promise((resolve, reject) => {
        open.set(id, { resolve, reject });
        model.send({ ask: what, id, ...more });
      });
    },
    close() {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", here);
      model.off("msg:custom", heard);
    },
  };
}
