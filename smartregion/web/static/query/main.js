// The query page: without this it is a form; with it the answer comes to the page, as table, map, chart or text.

import { read } from "./answer.js";
import { canDraw, chart } from "./chart.js";
import { el, format } from "./dom.js";
import { replace } from "./editor.js";
import { ground } from "./land.js";
import { map, points } from "./map.js";
import { SNIPPETS } from "./snippets.js";
import { table } from "./table.js";
import { Terms } from "./terms.js";

const LONGEST_ADDRESS = 6000;
const LONGEST_TEXT = 300_000;
const ACCEPT = "application/sparql-results+json, application/n-triples;q=0.9, application/problem+json;q=0.1";

const page = JSON.parse(document.getElementById("query-page").textContent);
const { texts } = page;
const form = document.getElementById("query-form");
const field = document.getElementById("query");
const output = document.getElementById("answer");
const status = document.getElementById("query-status");
const land = ground(page.land);

let editor = { focus: () => field.focus(), get: () => field.value, set: (text) => (field.value = text) };
let terms = new Terms(page, {});
let running = null;
let answered = null;

// The request -------------------------------------------------------------------------------------------------------

function shared() {
  const found = new URLSearchParams(location.hash.slice(1)).get("query");
  return found ?? null;
}

async function run() {
  running?.abort();
  const abort = (running = new AbortController());
  const query = editor.get();
  const started = performance.now();
  history.replaceState(null, "", `#${new URLSearchParams({ query })}`);
  busy(true);
  status.textContent = texts.running;
  try {
    const response = await fetch(...request(query, abort.signal));
    const body = await response.text();
    const seconds = new Intl.NumberFormat(page.language, { maximumFractionDigits: 2 }).format((performance.now() - started) / 1000);
    if (response.ok) show(query, response.headers.get("Content-Type") ?? "", body, seconds);
    else fail(body, response);
  } catch (error) {
    status.textContent = abort.signal.aborted ? texts.stopped : format(texts.unreachable, { message: error.message });
  } finally {
    if (running === abort) busy(false);
  }
}

/** GET if the address is short enough, because these answers are cached; else POST. */
function request(query, signal) {
  const headers = { Accept: ACCEPT, "Accept-Language": page.language };
  const parameters = new URLSearchParams({ query });
  return `${parameters}`.length < LONGEST_ADDRESS
    ? [`${page.path}?${parameters}`, { headers, signal }]
    : [page.path, { method: "POST", headers, signal, body: parameters }];
}

function busy(is) {
  document.getElementById("stop").hidden = !is;
  form.toggleAttribute("aria-busy", is);
  if (!is) running = null;
}

// The answer --------------------------------------------------------------------------------------------------------

function fail(body, response) {
  answered = null;
  let problem = {};
  try {
    problem = JSON.parse(body);
  } catch {
    problem = { title: response.statusText, detail: "" };
  }
  status.textContent = "";
  output.replaceChildren(el("div", { class: "failure", role: "alert" }, el("strong", {}, problem.title), el("p", {}, problem.detail ?? "")));
}

function show(query, mediaType, body, seconds) {
  const answer = read(mediaType, body);
  answered = { query, kind: answer.kind };
  if (answer.kind === "boolean") {
    status.textContent = format(texts.time, { seconds });
    output.replaceChildren(el("p", { class: "boolean" }, answer.value ? texts.yes : texts.no));
    return;
  }
  status.textContent = format(answer.kind === "graph" ? texts.triples : texts.found, { count: answer.rows.length, seconds });
  if (!answer.rows.length) {
    output.replaceChildren(el("p", {}, texts.empty));
    return;
  }
  const views = [[texts.table, () => table(answer, terms, texts)]];
  if (points(answer).length) views.push([texts.mapView, () => map(answer, terms, texts, land)]);
  if (canDraw(answer)) views.push([texts.chartView, () => chart(answer, terms, texts)]);
  views.push([texts.raw, () => raw(query, answer, body)]);
  output.replaceChildren(...choosing(views));
}

/** Buttons that choose one of several views; each is made on first use. */
function choosing(views) {
  const place = el("div", { class: "view" });
  const buttons = views.map(([name, make]) => el("button", { type: "button", class: "view", onclick: (event) => choose(event.currentTarget, make) }, name));
  function choose(button, make) {
    for (const other of buttons) other.setAttribute("aria-pressed", other === button);
    place.replaceChildren(make());
  }
  choose(buttons[0], views[0][1]);
  return [el("div", { class: "views", role: "group", "aria-label": texts.views }, ...buttons), place];
}

function raw(query, answer, body) {
  const text = el("code", {}, body.slice(0, LONGEST_TEXT));
  if (answer.kind === "graph") turtle(query).then((found) => (text.textContent = found.slice(0, LONGEST_TEXT)));
  const note = body.length > LONGEST_TEXT ? el("p", {}, texts.cut) : null;
  return el("div", {}, note, el("pre", { tabindex: "0" }, text));
}

async function turtle(query) {
  const response = await fetch(page.path, { method: "POST", headers: { Accept: "text/turtle" }, body: new URLSearchParams({ query }) });
  const text = await response.text();
  // The endpoint declares every prefix that it knows.
  return text.replace(/^@prefix ([\w-]+): <[^>]*> \.\n/gm, (line, prefix) => (used(text, prefix) ? line : ""));
}

const used = (text, prefix) => new RegExp(`(^|[\\s,;(\\[^])${prefix}:`, "m").test(text.replace(/^@prefix .*$/gm, ""));

// Export ------------------------------------------------------------------------------------------------------------

function kindOf(query) {
  if (answered?.query === query) return answered.kind === "graph" ? "graph" : "table";
  return /\b(construct|describe)\b\s*[{?$*<\w]/i.test(query.replace(/#[^\n]*|"[^"\n]*"|<[^>\s]*>/g, " ")) ? "graph" : "table";
}

function code(name) {
  const query = editor.get().replaceAll("\r\n", "\n");
  if (name === "link") return `${location.origin}${page.path}#${new URLSearchParams({ query })}`;
  return SNIPPETS[name].make(page.endpoint, query, kindOf(query));
}

function taking() {
  const shown = el("code");
  const names = [["link", texts.link], ...Object.entries(SNIPPETS).map(([name, { label }]) => [name, label])];
  const select = el("select", { id: "snippet" }, ...names.map(([name, label]) => el("option", { value: name }, label)));
  const said = el("span", { role: "status" });
  const copy = el("button", { type: "button", class: "quiet", onclick: () => toClipboard(shown, said) }, texts.copy);
  const draw = () => {
    shown.textContent = code(select.value);
    said.textContent = "";
  };
  select.addEventListener("change", draw);
  const details = document.getElementById("take-along");
  details.addEventListener("toggle", () => details.open && draw());
  field.form.addEventListener("change", draw);
  details.hidden = false;
  details.append(
    el("p", { class: "controls" }, el("label", { for: "snippet" }, texts.as), select, copy, said),
    el("pre", { tabindex: "0" }, shown),
  );
  return () => details.open && draw();
}

async function toClipboard(shown, said) {
  try {
    await navigator.clipboard.writeText(shown.textContent);
    said.textContent = texts.copied;
  } catch {
    getSelection().selectAllChildren(shown);
    said.textContent = texts.selected;
  }
}

// Examples ----------------------------------------------------------------------------------------------------------

function examples() {
  const section = document.getElementById("examples");
  const cards = [...section.querySelectorAll("[data-example]")];
  const filter = document.getElementById("example-filter");
  const count = document.getElementById("example-count");
  const topic = document.getElementById("example-topic");
  const draw = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const card of cards) {
      const text = card.textContent.toLowerCase();
      const about = topic.value === "" || card.dataset.keywords.split("|").includes(topic.value);
      card.hidden = !(about && words.every((word) => text.includes(word)));
    }
    count.textContent = format(texts.examples, { count: cards.filter((card) => !card.hidden).length, of: cards.length });
  };
  document.getElementById("example-choice").hidden = false;
  for (const control of [filter, topic]) control.addEventListener("input", draw);
  for (const card of cards) {
    const use = el("button", { type: "button", onclick: () => take(card) }, texts.use);
    card.querySelector(".actions").prepend(use);
  }
  draw();
}

function take(card) {
  editor.set(card.querySelector("code").textContent);
  document.getElementById("editing").scrollIntoView();
  editor.focus();
  if (card.dataset.runs) run();
}

// Beginning ---------------------------------------------------------------------------------------------------------

async function begin() {
  const given = shared();
  if (given !== null) editor.set(given);
  form.addEventListener("submit", (event) => {
    // Downloads use the form, as without this script.
    if (event.submitter?.id === "download") {
      form.method = field.value.length > LONGEST_ADDRESS / 2 ? "post" : "get";
      return;
    }
    event.preventDefault();
    run();
  });
  document.getElementById("stop").addEventListener("click", () => running?.abort());
  examples();
  const refresh = taking();
  const completion = await (await fetch(page.completion)).json();
  terms = new Terms(page, completion.prefixes);
  if (page.editor) {
    const { default: Yasqe } = await import(page.editor);
    editor = replace(Yasqe, field, { completion, label: texts.query, texts, language: page.language, run }, document.getElementById("query-problem"));
  }
  window.addEventListener("hashchange", () => shared() !== null && editor.set(shared()));
  document.getElementById("editing").addEventListener("keyup", refresh);
  if (given !== null) run();
}

begin();
