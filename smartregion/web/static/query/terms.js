// Display of RDF terms: short names, and links to the pages of this service where there is one.

import { el } from "./dom.js";

export class Terms {
  /**
   * @param page {base, root}: the base of all IRIs here, and where this service is mounted
   * @param prefixes namespace by prefix
   */
  constructor(page, prefixes) {
    this.page = page;
    this.namespaces = Object.entries(prefixes);
  }

  /** An IRI in short. */
  short(iri) {
    if (iri.startsWith(this.page.base)) return iri.slice(this.page.base.length) || iri;
    for (const [prefix, namespace] of this.namespaces) {
      if (iri.startsWith(namespace) && iri.length > namespace.length) return `${prefix}:${iri.slice(namespace.length)}`;
    }
    return iri;
  }

  /** Target of a link; null if the IRI is no web address. */
  href(iri) {
    if (iri.startsWith(this.page.base)) return `${this.page.root}/${iri.slice(this.page.base.length)}`;
    return /^(https?:\/\/|mailto:)/.test(iri) ? iri : null;
  }

  /** A term as a text. */
  text(cell) {
    if (!cell) return "";
    return cell.type === "uri" ? this.short(cell.value) : cell.value;
  }

  /** A term as a node of the page. */
  node(cell) {
    if (!cell) return "";
    if (cell.type !== "uri") {
      return el("span", { lang: cell["xml:lang"], title: cell.datatype ? this.short(cell.datatype) : null }, cell.value);
    }
    const href = this.href(cell.value);
    return href ? el("a", { href, title: cell.value }, this.short(cell.value)) : el("span", {}, cell.value);
  }
}
