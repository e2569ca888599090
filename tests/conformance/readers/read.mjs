// Reads JSON-LD documents with one of the parsers of JavaScript.
// Usage: node read.mjs jsonld|streaming|dereferencing < [{"address": ..., "path": ...}, ...]
// Writes the quads of each as a line of JSON.
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { json } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import jsonld from "jsonld";
import { JsonLdParser } from "jsonld-streaming-parser";
import { Writer } from "n3";

const readers = {
  async jsonld({ address, path }) {
    const document = JSON.parse(await readFile(path, "utf8"));
    return jsonld.toRDF(document, { base: address, format: "application/n-quads" });
  },
  async dereferencing({ address }) {
    return jsonld.toRDF(address, { format: "application/n-quads" });
  },
  async streaming({ address, path }) {
    const writer = new Writer({ format: "N-Quads" });
    await pipeline(createReadStream(path), new JsonLdParser({ baseIRI: address }), async (quads) => {
      for await (const quad of quads) writer.addQuad(quad);
    });
    return new Promise((resolve, reject) => writer.end((error, text) => (error ? reject(error) : resolve(text))));
  },
};

const read = readers[process.argv[2]];
for (const document of await json(process.stdin)) {
  console.log(JSON.stringify(await read(document)));
}
