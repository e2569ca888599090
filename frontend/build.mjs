// Bundles npm packages into smartregion/web/static/vendor/, with their licences.
import { build } from "esbuild";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const target = fileURLToPath(new URL("../smartregion/web/static/vendor/", import.meta.url));

function licences() {
  const lock = JSON.parse(readFileSync(`${here}package-lock.json`, "utf8"));
  const shipped = Object.entries(lock.packages).filter(([path, entry]) => path && !entry.dev && existsSync(here + path));
  return shipped.map(([path, entry]) => {
    const about = JSON.parse(readFileSync(`${here}${path}/package.json`, "utf8"));
    const source = about.homepage ?? about.repository?.url ?? about.repository ?? "";
    const file = readdirSync(here + path).find((name) => /^(licen[cs]e|copying)(\.|$)/i.test(name));
    const text = file ? readFileSync(`${here}${path}/${file}`, "utf8").trim() : "The package has no licence file of its own.";
    return `${about.name} ${entry.version}\nLicence: ${about.license}\n${source}\n\n${text}\n`;
  });
}

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
// Last, because make treats yasqe.js as the sign that the bundle is complete.
writeFileSync(`${target}LICENCES.txt`, licences().join(`\n${"-".repeat(79)}\n\n`));
await build({
  absWorkingDir: here,
  entryPoints: { yasqe: "yasqe.js" },
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  legalComments: "none",
  loader: { ".png": "dataurl", ".svg": "dataurl" },
  outdir: target,
  logLevel: "warning",
});
