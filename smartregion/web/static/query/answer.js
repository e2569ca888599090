// Answers of the service as columns and rows of RDF terms, for all query forms.

const NUMBER = /[#/](integer|decimal|double|float|int|long|short|byte|nonNegativeInteger|positiveInteger)$/;
const TRIPLE = /^(<[^>]*>|_:\S+) (<[^>]*>) (<[^>]*>|_:\S+|"(?:[^"\\]|\\.)*"(?:@[\w-]+|\^\^<[^>]*>)?) \.$/;
const ESCAPES = { t: "\t", b: "\b", n: "\n", r: "\r", f: "\f", '"': '"', "'": "'", "\\": "\\" };

/** Columns and rows of a body in SPARQL JSON or N-Triples; `boolean` for ASK. */
export function read(mediaType, body) {
  if (mediaType.startsWith("application/n-triples")) return { kind: "graph", ...triples(body) };
  const answer = JSON.parse(body);
  if ("boolean" in answer) return { kind: "boolean", value: answer.boolean };
  return { kind: "table", columns: answer.head.vars, rows: answer.results.bindings };
}

function triples(body) {
  const rows = [];
  for (const line of body.split("\n")) {
    const parts = TRIPLE.exec(line);
    if (parts) rows.push({ subject: term(parts[1]), predicate: term(parts[2]), object: term(parts[3]) });
  }
  return { columns: ["subject", "predicate", "object"], rows };
}

function term(text) {
  if (text[0] === "<") return { type: "uri", value: unescape(text.slice(1, -1)) };
  if (text[0] === "_") return { type: "bnode", value: text.slice(2) };
  const end = text.lastIndexOf('"');
  const rest = text.slice(end + 1);
  const literal = { type: "literal", value: unescape(text.slice(1, end)) };
  if (rest[0] === "@") literal["xml:lang"] = rest.slice(1);
  if (rest[0] === "^") literal.datatype = rest.slice(3, -1);
  return literal;
}

function unescape(text) {
  return text.replace(/\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))/g, (_, four, eight, one) =>
    one ? (ESCAPES[one] ?? one) : String.fromCodePoint(parseInt(four ?? eight, 16)),
  );
}

/** The number of a term, or null. */
export function number(cell) {
  return cell?.type === "literal" && NUMBER.test(cell.datatype ?? "") ? Number(cell.value) : null;
}

/** Whether all values of a column are numbers, and there is one. */
export function isNumeric(answer, column) {
  const values = answer.rows.map((row) => row[column]).filter(Boolean);
  return values.length > 0 && values.every((cell) => number(cell) !== null);
}

/** The columns that name a row: texts first, then other columns without numbers. */
export function labelColumns(answer) {
  const texts = answer.columns.filter((name) => answer.rows.some((row) => row[name]?.type === "literal" && number(row[name]) === null));
  const others = answer.columns.filter((name) => !texts.includes(name) && !isNumeric(answer, name));
  return [...texts, ...others];
}
