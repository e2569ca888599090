// The query as code to copy. Every function escapes for its own language: a query may hold quotes, backslashes, anything.

const ACCEPT = { table: "text/csv", graph: "text/turtle" };

const shell = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

const python = (text) =>
  `"""${text.replaceAll("\\", "\\\\").replaceAll('"""', '\\"\\"\\"').replace(/"$/, '\\"')}"""`;

const r = (text) => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;

const javascript = (text) => `\`${text.replaceAll("\\", "\\\\").replaceAll("`", "\\`").replaceAll("${", "\\${")}\``;

/** For each language: its name, and a function of the endpoint's address, the query and the kind of its answer. */
export const SNIPPETS = {
  curl: {
    label: "curl",
    make: (endpoint, query, kind) =>
      `curl ${shell(endpoint)} \\\n  -H ${shell(`Accept: ${ACCEPT[kind]}`)} \\\n  --data-urlencode ${shell(`query=${query}`)}\n`,
  },
  sparqlwrapper: {
    label: "Python (SPARQLWrapper)",
    make: (endpoint, query, kind) =>
      kind === "table"
        ? `from SPARQLWrapper import JSON, POST, SPARQLWrapper

service = SPARQLWrapper(${JSON.stringify(endpoint)})
service.setMethod(POST)
service.setReturnFormat(JSON)
service.setQuery(${python(query)})

answer = service.queryAndConvert()
for row in answer["results"]["bindings"]:
    print({name: term["value"] for name, term in row.items()})
`
        : `from SPARQLWrapper import POST, TURTLE, SPARQLWrapper

service = SPARQLWrapper(${JSON.stringify(endpoint)})
service.setMethod(POST)
service.setReturnFormat(TURTLE)
service.setQuery(${python(query)})

print(service.queryAndConvert().decode())
`,
  },
  pandas: {
    label: "Python (pandas)",
    make: (endpoint, query, kind) =>
      kind === "table"
        ? `import io

import pandas as pd
import requests

query = ${python(query)}
answer = requests.post(
    ${JSON.stringify(endpoint)}, {"query": query}, headers={"Accept": "text/csv"}, timeout=60
)
answer.raise_for_status()
# As text, so that keys keep their zeros; pd.to_numeric(table["name"]) makes numbers of a column.
table = pd.read_csv(io.BytesIO(answer.content), dtype=str)
print(table)
`
        : `import rdflib
import requests

query = ${python(query)}
answer = requests.post(
    ${JSON.stringify(endpoint)}, {"query": query}, headers={"Accept": "text/turtle"}, timeout=60
)
answer.raise_for_status()
graph = rdflib.Graph().parse(data=answer.content, format="turtle")
print(len(graph))
`,
  },
  r: {
    label: "R",
    make: (endpoint, query, kind) =>
      `library(httr2)

query <- ${r(query)}
answer <- request(${r(endpoint)}) |>
  req_body_form(query = query) |>
  req_headers(Accept = "${ACCEPT[kind]}") |>
  req_perform()
${kind === "table" ? "# As text, so that keys keep their zeros; as.numeric(table$name) makes numbers of a column.\ntable <- read.csv(text = resp_body_string(answer), colClasses = \"character\")\nprint(table)" : "cat(resp_body_string(answer))"}
`,
  },
  javascript: {
    label: "JavaScript",
    make: (endpoint, query, kind) =>
      `const query = ${javascript(query)};
const answer = await fetch(${JSON.stringify(endpoint)}, {
  method: "POST",
  headers: { Accept: "${kind === "table" ? "application/sparql-results+json" : ACCEPT.graph}" },
  body: new URLSearchParams({ query }),
});
if (!answer.ok) throw new Error(await answer.text());
${kind === "table" ? "const { head, results, boolean } = await answer.json();\nconsole.log(results ? results.bindings : boolean);" : "console.log(await answer.text());"}
`,
  },
};
