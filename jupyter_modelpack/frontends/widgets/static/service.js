import { button, el, say } from "./dom.js";
import { milliseconds, seconds } from "./words.js";
import { channel } from "./channel.js";
import { clientCode } from "./code.js";
import { failure } from "./failure.js";
import { group } from "./group.js";
import { log } from "./log.js";
import { reach } from "./reach.js";

let count = 0;

// A running or ended service: state, a request to send, its log.
function render({ model, el: root }) {
  const line = channel(model, root);
  const id = `mp-service-${(count += 1)}`;
  const name = el("span", { class: "mp-head" });
  const state = el("span", { class: "mp-badge", role: "status" });
  const about = el("div", { class: "mp-muted" });
  const trouble = el("div", { class: "mp-warn", role: "status" });
  const death = el("div", {});
  const end = button("Kill", async () => {
    end.disabled = true;
    try {
      await line.ask("kill");
    } catch (error) {
      death.replaceChildren(failure(error));
      end.disabled = false;
    }
  }, { class: "mp-button mp-danger" });
  const editor = el("textarea", { id, class: "mp-editor", rows: "3", spellcheck: "false" });
  editor.value = model.get("sample");
  const send = button("Score", score, { class: "mp-button mp-main" });
  const code = clientCode(model.get("languages"), (language) => line.ask("client", { language, body: editor.value }));
  const status = el("div", { class: "mp-news", role: "status" });
  const answer = el("pre", { class: "mp-answer mp-hidden", "aria-label": "Answer", tabindex: "0" });
  const stats = el("div", { class: "mp-muted", role: "group", "aria-label": "Traffic" });
  const way = el("div", { class: "mp-muted" });
  const form = el("div", { class: "mp-form" }, el("label", { for: id }, "Request"), editor,
    el("div", { class: "mp-actions" }, send), status, answer, stats, way);
  const lines = log(model, { label: "Logs", onToggle: (open) => line.ask("logs", { open }) });
  group(root, "Service");
  root.append(el("div", { class: "mp-top" }, name, state, end), about, trouble, death, form, code.element, lines.element);

  editor.addEventListener("change", code.changed);
  editor.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) score();
  });

  async function score() {
    send.disabled = true;
    say(status, "Scoring ...");
    try {
      const got = await line.ask("score", { body: editor.value });
      say(status, `${got.status} in ${got.milliseconds.toFixed(1)} ms`);
      answer.classList.remove("mp-hidden");
      say(answer, got.text);
    } catch (error) {
      answer.classList.add("mp-hidden");
      status.replaceChildren(failure(error));
    }
    send.disabled = model.get("facts").state !== "running" && model.get("facts").state !== "starting";
  }

  let looked = performance.now();
  function facts() {
    const now = model.get("facts");
    const ended = now.state === "exited" || now.state === "gone";
    looked = performance.now();
    root.dataset.state = ended ? "ended" : now.ready ? "ready" : "starting";
    say(name, now.name);
    say(state, ended ? (now.exit == null ? "ended" : `ended with exit code ${now.exit}`) : now.ready ? "ready" : "not ready");
    say(trouble, now.trouble);
    for (const one of [end, send]) one.disabled = ended;
    death.replaceChildren(...(now.death ? [failure(now.death)] : []));
    say(stats, measured(now.stats));
    say(way, ended ? "" : reach(now.url, now.port, now.place));
    tick();
  }
  function tick() {
    const now = model.get("facts");
    const up = now.uptime == null ? "" : ` · up ${seconds(now.uptime + (performance.now() - looked) / 1000)}`;
    say(about, `${now.engine} · port ${now.port} · ${now.image}${up}`);
  }
  function focus() {
    const wanted = model.get("focus").what;
    if (wanted === "score") editor.focus();
    if (wanted === "logs") {
      lines.element.open = true;
      lines.element.querySelector("summary").focus();
    }
  }
  const timer = setInterval(tick, 1000);
  model.on("change:facts", facts);
  model.on("change:focus", focus);
  facts();
  return () => {
    clearInterval(timer);
    model.off("change:facts", facts);
    model.off("change:focus", focus);
    lines.close();
    line.close();
  };
}

// What its own counters say: every client's requests, not this panel's alone.
function measured(stats) {
  if (stats.requests == null) return "";
  const parts = [`${stats.requests} ${stats.requests === 1 ? "request" : "requests"}`];
  if (stats.failures) parts.push(`${stats.failures} failed`);
  if (stats.rate != null) parts.push(`${stats.rate.toFixed(1)} a second in the last minute`);
  if (stats.mean != null) parts.push(`${milliseconds(stats.mean)} each`);
  if (stats.most != null) parts.push(`95 % within ${milliseconds(stats.most)}`);
  return parts.join(" · ");
}

export default { render };
