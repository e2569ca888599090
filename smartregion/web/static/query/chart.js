// Names and numbers as horizontal bars.

import { isNumeric, labelColumns, number } from "./answer.js";
import { el, format, svg } from "./dom.js";

const MOST = 40;
const [ROW, NAMES, WIDTH] = [28, 260, 860];

/** Whether an answer has a column of numbers and a column of names. */
export function canDraw(answer) {
  return answer.kind === "table" && answer.rows.length > 0 && numbers(answer).length > 0 && labelColumns(answer).length > 0;
}

const numbers = (answer) => answer.columns.filter((name) => isNumeric(answer, name));

/** The chart of an answer, with a choice of what is drawn. */
export function chart(answer, terms, texts) {
  const figure = el("figure", { class: "chart" });
  // Sums usually stand after counts.
  const value = choice(texts.number, numbers(answer).reverse());
  const label = choice(texts.label, labelColumns(answer));
  const draw = () => figure.replaceChildren(...picture(answer, terms, texts, label.select.value, value.select.value));
  for (const { select } of [value, label]) select.addEventListener("change", draw);
  draw();
  return el("div", {}, el("p", { class: "controls" }, label.node, value.node), figure);
}

function choice(text, names) {
  const select = el("select", {}, ...names.map((name) => el("option", { value: name }, name)));
  return { select, node: el("label", {}, text, " ", select) };
}

function picture(answer, terms, texts, label, value) {
  const rows = answer.rows.filter((row) => number(row[value]) !== null).slice(0, MOST);
  const amounts = rows.map((row) => number(row[value]));
  const [least, most] = [Math.min(0, ...amounts), Math.max(0, ...amounts)];
  const scale = (WIDTH - NAMES - 110) / (most - least || 1);
  const zero = NAMES - least * scale;
  const shown = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 2 });
  const bars = rows.flatMap((row, index) => {
    const y = index * ROW;
    const width = Math.abs(amounts[index]) * scale;
    const start = amounts[index] < 0 ? zero - width : zero;
    return [
      svg("text", { x: NAMES - 10, y: y + 19, "text-anchor": "end", class: "name" }, cut(terms.text(row[label]))),
      svg("rect", { x: start, y: y + 4, width: Math.max(width, 1), height: ROW - 8, rx: 2, class: "bar" }),
      svg("text", { x: start + width + 6, y: y + 19, class: "amount" }, shown.format(amounts[index])),
    ];
  });
  const title = format(texts.chart, { number: value, label });
  const drawing = svg(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${rows.length * ROW || 1}`, role: "img", "aria-label": title, class: "bars" },
    ...bars,
  );
  const note = answer.rows.length > rows.length ? ` ${format(texts.first, { count: rows.length, of: answer.rows.length })}` : "";
  return [drawing, el("figcaption", {}, title + note)];
}

const cut = (text) => (text.length > 36 ? `${text.slice(0, 35)}…` : text);
