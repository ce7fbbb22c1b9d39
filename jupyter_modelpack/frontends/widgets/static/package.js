import { button, el, say } from "./dom.js";
import { seconds } from "./words.js";
import { ask } from "./ask.js";
import { channel } from "./channel.js";
import { child } from "./child.js";
import { copy } from "./clipboard.js";
import { failure } from "./failure.js";
import { group } from "./group.js";
import { log } from "./log.js";
import { stages } from "./stages.js";

const HEADS = { running: "Packaging", done: "Packaged", failed: "Not packaged", cancelled: "Cancelled" };

// A build that goes on, or what it made.
function render({ model, el: root }) {
  const line = channel(model, root);
  const head = el("span", { class: "mp-head", role: "status" });
  const clock = el("span", { class: "mp-muted" });
  const stop = button("Cancel", () => {
    stop.disabled = true;
    line.ask("cancel");
  });
  const steps = stages();
  const lines = log(model, { label: "Log" });
  const made = el("div", { class: "mp-made" });
  const news = el("div", { class: "mp-news", role: "status" });
  const inner = el("div", { class: "mp-child" });
  const top = el("div", { class: "mp-top" }, head, clock, stop);
  group(root, "Package");
  root.append(top, steps.element, lines.element, made, news, inner);
  const unchild = child(model, inner);

  let begun = performance.now();
  function tick() {
    const status = model.get("status");
    if (status.state === "running") say(clock, seconds((performance.now() - begun) / 1000));
  }
  function status() {
    const now = model.get("status");
    begun = performance.now() - now.seconds * 1000;
    root.dataset.state = now.state;
    say(head, now.state === "done" && model.get("made").before ? "Unchanged" : HEADS[now.state]);
    say(clock, seconds(now.seconds));
    stop.classList.toggle("mp-hidden", now.state !== "running");
    steps.update(now.stages, now.state);
  }
  function result() {
    const facts = model.get("made");
    const error = model.get("failed");
    if (facts.reference) made.replaceChildren(finished(facts, line, news, model));
    else if (error.message) made.replaceChildren(failure(error));
  }
  const showNews = () => {
    if (model.get("news")) say(news, model.get("news"));
  };
  const timer = setInterval(tick, 200);
  model.on("change:status", status);
  model.on("change:made change:failed", result);
  model.on("change:news", showNews);
  status();
  result();
  return () => {
    clearInterval(timer);
    model.off("change:status", status);
    model.off("change:made change:failed", result);
    model.off("change:news", showNews);
    unchild();
    lines.close();
    line.close();
  };
}

function finished(facts, line, news, model) {
  const copier = button("Copy", () => copy(facts.reference, copier), { "aria-label": "Copy the reference" });
  const rows = [
    ["reference", el("span", {}, el("code", {}, facts.reference), " ", copier)],
    ["digest", el("code", {}, facts.digest)],
    ["size", facts.size],
    ["models", facts.models.join(", ") || "none"],
    ...(facts.proof ? [["proof", facts.remedy ? el("span", { title: facts.remedy }, facts.proof) : facts.proof]] : []),
    ...(facts.before ? [["packaged", `${facts.ago}; nothing has changed since`]] : []),
  ];
  const table = el("table", { class: "mp-fields" }, el("tbody", {}, ...rows.map(([name, value]) =>
    el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, value)))));
  return el("div", {}, table, layers(facts.layers), actions(facts, line, news, model));
}

function layers(all) {
  const reused = all.filter((layer) => layer.reused).length;
  const body = all.map((layer) =>
    el("tr", {}, el("td", {}, layer.title), el("td", { class: "mp-number" }, layer.size),
      el("td", {}, layer.reused ? "reused" : "new")));
  const head = el("tr", {}, el("th", { scope: "col" }, "LAYER"), el("th", { scope: "col", class: "mp-number" }, "SIZE"),
    el("th", { scope: "col" }, el("span", { class: "mp-sr" }, "Reused")));
  return el("details", { class: "mp-details" },
    el("summary", {}, `Layers `, el("span", { class: "mp-muted" }, `${all.length}, ${reused} of them reused`)),
    el("table", { class: "mp-table" }, el("thead", {}, head), el("tbody", {}, ...body)));
}

function actions(facts, line, news, model) {
  const ask_for = async (what, more, waiting) => {
    say(news, waiting);
    try {
      const said = await line.ask(what, more);
      if (said) say(news, said);
      return true;
    } catch (error) {
      news.replaceChildren(failure(error));
      return false;
    }
  };
  const act = (label, what, more, waiting = "") => {
    const made = button(label, async () => {
      made.disabled = true;
      await ask_for(what, more, waiting);
      made.disabled = false;
      follow();
    });
    return made;
  };
  const save = ask("Save", {
    label: facts.dockerfile ? "Folder, beside the notebook" : "File, beside the notebook",
    value: facts.file,
    act: (file) => ask_for("save", { file }, `Writing ${file} ...`),
  });
  if (facts.dockerfile) return el("div", {}, el("div", { class: "mp-actions" }, save.button), save.form);
  const push = ask("Push", {
    label: "Registry and name",
    value: facts.target,
    act: (target) => ask_for("push", { target }, `Pushing to ${target} ...`),
  });
  const later = [act("Score", "show", { what: "score" }), act("Logs", "show", { what: "logs" }), act("Kill", "kill")];
  const follow = () => later.forEach((one) => (one.disabled = !model.get("child")));
  model.on("change:child", follow);
  follow();
  const all = [act("Run", "run", {}, "Starting ..."), ...later, push.button, save.button];
  return el("div", {}, el("div", { class: "mp-actions" }, ...all), push.form, save.form);
}

export default { render };
