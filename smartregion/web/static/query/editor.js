// The editor: yasqe in the place of the text field, with our vocabulary and errors in words.

import { el, format } from "./dom.js";

const MOST_HINTS = 60;
const MOST_EXPECTED = 12;

/**
 * Put the editor in the place of a text field; the field keeps the text, so that the form works as before.
 *
 * @param Yasqe the class from the bundle
 * @param field the text field
 * @param page {completion, label, texts, language, run}
 * @param problem the element that says what is wrong with the query
 */
export function replace(Yasqe, field, page, problem) {
  Yasqe.prototype.checkSyntax = function () {
    checkSyntax(this, page.texts, problem);
  };
  // The other completers of Yasqe send requests to other hosts.
  Yasqe.defaults.autocompleters = ["variables"];
  Yasqe.registerAutocompleter(vocabulary(page));
  return create(Yasqe, field, page);
}

function create(Yasqe, field, page) {
  const place = el("div", { class: "editor" });
  field.before(place);
  const editor = new Yasqe(place, {
    value: field.value,
    persistenceId: null,
    consumeShareLink: null,
    createShareableLink: null,
    showQueryButton: false,
    resizeable: false,
    editorHeight: "auto",
    // It is as high as its text and does not scroll.
    viewportMargin: Infinity,
    screenReaderLabel: page.label,
    // Tab leaves the editor (WCAG 2.1.2).
    extraKeys: { Tab: false, "Shift-Tab": false, "Ctrl-Enter": page.run, "Cmd-Enter": page.run, "Ctrl-S": false },
  });
  field.hidden = true;
  editor.on("change", () => {
    field.value = editor.getValue();
    declare(editor, page.completion.prefixes);
  });
  editor.on("autocompletionShown", () => {
    document.querySelector(".CodeMirror-hints")?.setAttribute("aria-label", page.texts.hints);
  });
  return {
    focus: () => editor.focus(),
    get: () => editor.getValue(),
    set: (text) => editor.setValue(text),
  };
}

/** Mark the first line that does not parse, and say why; replaces yasqe's check in English with inline styles. */
function checkSyntax(editor, texts, problem) {
  editor.queryValid = true;
  editor.clearGutter("gutterErrorBar");
  problem.replaceChildren();
  const document = editor.getDoc();
  for (let line = 0; line < document.lineCount(); line++) {
    const { state } = editor.getTokenAt({ line, ch: document.getLine(line).length }, true);
    editor.setOption("queryType", state.queryType);
    if (state.OK !== false) continue;
    editor.queryValid = false;
    const reason = explain(editor, line, state, texts);
    editor.setGutterMarker(line, "gutterErrorBar", el("span", { class: "wrong", title: reason }, "!"));
    problem.append(reason);
    return;
  }
}

function explain(editor, line, state, texts) {
  const wrong = editor.getLineTokens(line, true).find((token) => token.type?.includes("error"));
  const undefinedPrefix = /^Prefix '(.*)' is not defined$/.exec(state.errorMsg ?? "");
  if (undefinedPrefix) return format(texts.prefix, { line: line + 1, prefix: undefinedPrefix[1] });
  const expected = (state.possibleCurrent ?? []).slice(0, MOST_EXPECTED).join("  ");
  const text = expected ? texts.unexpected : texts.wrong;
  return format(text, { line: line + 1, found: wrong?.string ?? "", expected });
}

/** Complete classes after rdf:type, properties as predicates, concepts and classes elsewhere; by name or IRI. */
function vocabulary({ completion, language, texts }) {
  const called = ([name, iri, labels]) => ({ name, iri, label: labels[language] ?? labels.de ?? labels.en ?? "", all: Object.values(labels).join(" ") });
  const lists = Object.fromEntries(["classes", "properties", "concepts"].map((kind) => [kind, completion[kind].map(called)]));
  let offered = [];
  return {
    name: "vocabulary",
    bulk: false,
    autoShow: true,
    isValidCompletionPosition(editor) {
      const token = editor.getCompleteToken();
      const text = token.string.trim();
      const before = editor.getPreviousNonWsToken(editor.getDoc().getCursor().line, token)?.string ?? "";
      return text.length > 1 && !/^[?$"'#@<{}().;,*+|/\d]/.test(text) && before.toUpperCase() !== "PREFIX" && !inDeclaration(editor);
    },
    get(editor, token) {
      const typed = token.string.trim().toLowerCase();
      const from = candidates(editor, token, lists);
      // A name with a prefix is searched in its local part; a bare word in names and labels.
      const [prefix, local] = typed.includes(":") ? typed.split(":", 2) : [null, typed];
      const rank = ({ name, label, all }) => {
        const [its, rest] = name.toLowerCase().split(":", 2);
        if (prefix !== null && its !== prefix) return -1;
        if ([rest ?? its, label.toLowerCase()].some((text) => text.startsWith(local))) return 2;
        return (rest ?? its).includes(local) || all.toLowerCase().includes(local) ? 1 : -1;
      };
      const fitting = from.filter((term) => rank(term) > 0);
      offered = fitting.sort((a, b) => rank(b) - rank(a)).slice(0, MOST_HINTS);
      return offered.map(({ iri, name }) => (name.includes(":") ? name : `<${iri}>`));
    },
    postprocessHints: (_editor, hints) =>
      hints.map((hint, index) => ({ ...hint, displayText: `${offered[index].name}   ${offered[index].label}` })),
  };
}

function inDeclaration(editor) {
  const { line, ch } = editor.getDoc().getCursor();
  return /^\s*(prefix|base)\b/i.test(editor.getDoc().getLine(line).slice(0, ch));
}

function candidates(editor, token, lists) {
  const before = editor.getPreviousNonWsToken(editor.getDoc().getCursor().line, token);
  if (["a", "rdf:type"].includes(before?.state.lastProperty) && ["a", "rdf:type"].includes(before.string)) return lists.classes;
  if (token.state.possibleCurrent?.includes("a")) return lists.properties;
  return [...lists.concepts, ...lists.classes, ...lists.properties];
}

/** Declare the prefix of a name that was just completed or typed, if it is one of ours and stands nowhere yet. */
function declare(editor, prefixes) {
  const token = editor.getTokenAt(editor.getDoc().getCursor());
  const prefix = /^([A-Za-z][\w-]*):/.exec(token.string)?.[1];
  if (!prefix || !(prefix in prefixes) || token.type !== "string-2" || inDeclaration(editor)) return;
  if (!(prefix in editor.getPrefixesFromQuery())) editor.addPrefixes({ [prefix]: prefixes[prefix] });
}
