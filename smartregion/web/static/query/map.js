// Points of an answer on the map of the page: no tiles, no other host.

import { isNumeric, labelColumns } from "./answer.js";
import { el, format, svg } from "./dom.js";

const POINT = /^(?:<[^>]*>\s*)?POINT\s*\(\s*(-?[\d.]+)\s+(-?[\d.]+)\s*\)$/i;
const LATITUDE = /^(lat|latitude|breite)$/i;
const LONGITUDE = /^(lon|long|lng|longitude|laenge|länge)$/i;

/** The points of an answer, with the row that each stands for. */
export function points(answer) {
  if (answer.kind === "boolean") return [];
  const [latitude, longitude] = [LATITUDE, LONGITUDE].map((name) =>
    answer.columns.find((column) => name.test(column) && isNumeric(answer, column)),
  );
  return answer.rows.flatMap((row) => {
    if (latitude && longitude && row[latitude] && row[longitude]) {
      return [{ row, x: Number(row[longitude].value), y: Number(row[latitude].value) }];
    }
    return answer.columns.flatMap((name) => {
      const found = row[name]?.type === "literal" && POINT.exec(row[name].value);
      return found ? [{ row, x: Number(found[1]), y: Number(found[2]) }] : [];
    });
  });
}

/** The map of an answer. */
export function map(answer, terms, texts, land) {
  const found = points(answer);
  const labels = labelColumns(answer).filter((name) => !answer.rows.some((row) => POINT.test(row[name]?.value ?? "")));
  const places = found.map(({ row, x, y }) => {
    const [left, top] = land.place(x, y);
    const name = labels.map((label) => terms.text(row[label])).find((text) => text) ?? "";
    const link = answer.columns.map((column) => row[column]).find((cell) => cell?.type === "uri");
    const dot = svg("circle", { cx: left, cy: top, r: land.radius, class: "dot" }, svg("title", {}, name));
    const href = link && terms.href(link.value);
    return href ? svg("a", { href, "aria-label": name || link.value }, dot) : dot;
  });
  const title = format(texts.map, { count: found.length });
  const drawing = svg("svg", { viewBox: land.frame(found), role: "group", "aria-label": title, class: "map" }, ...land.outline(), ...places);
  return el("figure", { class: "points" }, drawing, el("figcaption", {}, title, land.note ? ` · ${land.note}` : null));
}
