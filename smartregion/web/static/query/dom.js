// Small helpers that several parts of the page share.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes and children; texts become text nodes, never markup. */
export function el(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same in SVG. */
export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** A text with %(name)s replaced. */
export function format(text, values) {
  return text.replace(/%\((\w+)\)s/g, (_, name) => values[name]);
}
