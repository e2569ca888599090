// Asks queries of documents and endpoints with Comunica.
// Usage: node query.mjs < [{"query": ..., "sources": [...]}, ...]; writes the rows of each, sorted, as a line of JSON.
import { json } from "node:stream/consumers";
import { QueryEngine } from "@comunica/query-sparql";

const engine = new QueryEngine();
for (const { query, sources } of await json(process.stdin)) {
  const stream = await engine.queryBindings(query, { sources });
  const rows = await stream.map((bindings) => [...bindings].map(([name, term]) => [name.value, term.value]).sort()).toArray();
  console.log(JSON.stringify(rows.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))));
}
