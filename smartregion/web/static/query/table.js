// An answer as a table: sorted by any column, filtered by a text, in pages.

import { isNumeric, number } from "./answer.js";
import { el, format } from "./dom.js";

const ROWS = 50;

/** The table of an answer, with filter and page links. */
export function table(answer, terms, texts) {
  const state = { page: 0, filter: "", sort: null, descending: false };
  const numeric = Object.fromEntries(answer.columns.map((name) => [name, isNumeric(answer, name)]));
  const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });
  const body = el("tbody");
  const position = el("span", { role: "status" });
  const [back, next] = [-1, 1].map((step) =>
    el("button", { type: "button", class: "quiet", onclick: () => draw((state.page += step)) }, step < 0 ? texts.back : texts.next),
  );
  const heads = answer.columns.map((name) =>
    el("th", { scope: "col", class: numeric[name] ? "number" : null }, el("button", { type: "button", class: "sort", onclick: () => sort(name) }, name)),
  );
  const filter = el("input", { type: "search", oninput: () => draw((state.page = 0), (state.filter = filter.value.toLowerCase())) });

  function compare(a, b) {
    const [x, y] = [a[state.sort], b[state.sort]];
    if (!x || !y) return (x ? 0 : 1) - (y ? 0 : 1);
    const order = numeric[state.sort] ? number(x) - number(y) : collator.compare(terms.text(x), terms.text(y));
    return state.descending ? -order : order;
  }

  function sort(name) {
    state.descending = state.sort === name && !state.descending;
    state.sort = name;
    heads.forEach((head, index) =>
      answer.columns[index] === name
        ? head.setAttribute("aria-sort", state.descending ? "descending" : "ascending")
        : head.removeAttribute("aria-sort"),
    );
    draw((state.page = 0));
  }

  function draw() {
    let rows = answer.rows;
    if (state.filter) {
      rows = rows.filter((row) => answer.columns.some((name) => terms.text(row[name]).toLowerCase().includes(state.filter)));
    }
    if (state.sort) rows = [...rows].sort(compare);
    const start = state.page * ROWS;
    const shown = rows.slice(start, start + ROWS);
    body.replaceChildren(
      ...shown.map((row) =>
        el("tr", {}, ...answer.columns.map((name) => el("td", { class: numeric[name] ? "number" : null }, terms.node(row[name])))),
      ),
    );
    position.textContent = format(texts.rows, { from: rows.length ? start + 1 : 0, to: start + shown.length, of: rows.length });
    back.disabled = state.page === 0;
    next.disabled = start + ROWS >= rows.length;
  }

  draw();
  const many = answer.rows.length > 10;
  return el(
    "div",
    {},
    many ? el("label", { class: "narrow" }, texts.filter, " ", filter) : null,
    el(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": texts.table },
      el("table", { class: "answer" }, el("caption", { class: "hidden" }, texts.table), el("thead", {}, el("tr", {}, ...heads)), body),
    ),
    answer.rows.length > ROWS ? el("p", { class: "pager" }, back, position, next) : null,
  );
}
