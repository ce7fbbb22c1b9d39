import { button, el, say } from "./dom.js";
import { copy } from "./clipboard.js";
import { failure } from "./failure.js";

const REFRESH_MS = 5_000;
const LABELS = { run: "Run", remove: "Remove", delete: "Delete", kill: "Kill", open: "Open" };
const SURE = new Set(["remove", "delete"]);

// One table whose rows stay in the kernel: sorted, filtered and paged there.
export function table(tab, line, news) {
  const wanted = { tab: tab.name, page: 0, filter: "", sort: null, down: false };
  const filter = el("input", { type: "search", class: "mp-filter", placeholder: "Filter", "aria-label": `Filter ${tab.title}` });
  const count = el("span", { class: "mp-muted", role: "status" });
  const before = button("‹", () => go(-1), { "aria-label": "Previous page" });
  const after = button("›", () => go(1), { "aria-label": "Next page" });
  const heads = tab.columns.map((name, at) => el("th", { scope: "col", "aria-sort": "none" },
    button(name, () => sort(at), { class: "mp-sort" })));
  const body = el("tbody", {});
  const marks = tab.marks ? el("div", { class: "mp-muted" }, el("span", { class: "mp-mark" }, "●"), " packaged here") : null;
  const grid = el("table", { class: "mp-table" }, el("thead", {}, el("tr", {}, ...heads, el("th", {}, el("span", { class: "mp-sr" }, "Actions")))), body);
  const element = el("div", {}, el("div", { class: "mp-top" }, filter, count, el("span", { class: "mp-pager" }, before, after)),
    el("div", { class: "mp-scroll" }, grid), marks);
  let timer;
  let typing;
  let asked = 0;
  let drawn = "";

  filter.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      wanted.filter = filter.value;
      wanted.page = 0;
      load();
    }, 150);
  });

  async function load(refresh = false) {
    const mine = (asked += 1);
    try {
      const page = await line.ask("page", { ...wanted, refresh });
      if (mine === asked) draw(page);
    } catch (error) {
      if (mine === asked) news.replaceChildren(failure(error));
    }
  }

  function draw(page) {
    wanted.page = page.page;
    before.disabled = page.page === 0;
    after.disabled = page.page + 1 >= page.pages;
    const whole = page.count === page.of ? `${page.of}` : `${page.count} of ${page.of}`;
    const range = page.pages > 1 ? `${page.first + 1}–${page.first + page.rows.length} of ` : "";
    say(count, `${range}${whole}`);
    heads.forEach((head, at) =>
      head.setAttribute("aria-sort", wanted.sort !== at ? "none" : wanted.down ? "descending" : "ascending"));
    // Redrawn only when it differs: a refresh must not take the focus from a button.
    const now = JSON.stringify(page.rows);
    if (now === drawn) return;
    drawn = now;
    const rows = page.rows.map(row);
    body.replaceChildren(...(rows.length ? rows : [el("tr", {}, el("td", { colspan: tab.columns.length + 1, class: "mp-muted" }, page.of ? "Nothing matches." : tab.empty))]));
  }

  function row(one) {
    const mark = tab.marks ? el("span", { class: one.ours ? "mp-mark" : "mp-mark mp-unmarked", "aria-hidden": "true" }, "●") : null;
    const words = one.ours && tab.marks ? el("span", { class: "mp-sr" }, "packaged here") : null;
    const cells = one.cells.map((cell, at) => el("td", { title: cell }, at === 0 ? mark : null, at === 0 ? words : null, cell));
    return el("tr", {}, ...cells, el("td", { class: "mp-rowacts" }, ...one.actions.map((what) => action(one, what))));
  }

  function action(one, what) {
    if (what === "copy") {
      const copier = button("Copy", () => copy(one.name, copier), { "aria-label": `Copy ${one.name}` });
      return copier;
    }
    let asking = 0;
    const made = button(LABELS[what], async () => {
      if (SURE.has(what) && !asking) {
        say(made, "Sure?");
        asking = setTimeout(calm, 3000);
        return;
      }
      calm(); // or one click more within the time would do it again
      made.disabled = true;
      say(news, what === "run" ? `Starting ${one.name} ...` : "");
      try {
        say(news, await line.ask(what, { name: one.name, tab: tab.name }));
      } catch (error) {
        news.replaceChildren(failure(error));
      }
      made.disabled = false;
      load(true);
    }, { "aria-label": `${LABELS[what]} ${one.name}` });
    function calm() {
      clearTimeout(asking);
      asking = 0;
      say(made, LABELS[what]);
    }
    return made;
  }

  function go(by) {
    wanted.page += by;
    load();
  }
  function sort(at) {
    wanted.down = wanted.sort === at && !wanted.down;
    wanted.sort = at;
    wanted.page = 0;
    load();
  }

  return {
    element,
    wake(refresh) {
      load(refresh);
      timer = setInterval(() => {
        if (!document.hidden && element.isConnected && element.offsetParent) load(true);
      }, REFRESH_MS);
    },
    rest() {
      clearInterval(timer);
    },
  };
}
