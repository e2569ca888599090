r"""Checks a query text before parsing, in linear time and without recursion.

Parsers recurse, so deep nesting ends a process; and a query may name other servers. The guard reads only an outline of
the grammar (SPARQL 1.1 Query, section 19.8): comments, strings, IRIs, names, brackets.

Real parsers are laxer than that grammar: Oxigraph's reads ``SERVICEex:x{...}`` as the keyword and a name, and
``1<?b)SERVICE#>`` as a comparison, a bracket, the keyword and a comment, where the grammar has an IRI. So the guard
also
searches names for the keyword, and refuses a text with that word and an ambiguous ``<...>``.
"""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass

from sparql_engine.errors import QueryRejected, QueryTooDeep, QueryTooLong, ServiceRefused, UpdateRefused

_FORMS = frozenset({"select", "ask", "construct", "describe"})
_UPDATES = frozenset({"insert", "delete", "load", "clear", "create", "drop", "copy", "move", "add", "with"})
_VOLATILE = frozenset({"now", "rand", "uuid", "struuid"})
_PROLOGUE = frozenset({"base", "prefix", "version"})
_BEFORE_GRAPH = frozenset({"graph", "from", "named"})

# No stretch of text is read twice: runs of plain characters are possessive, and what comes between two of them can only
# begin in one way. Groups are not possessive, because those are broken before Python 3.11.5 (gh-106052).
_TOKEN = re.compile(
    r"""
      (?P<skip>\s++|\#[^\r\n]*+)
    | (?P<string>\"{3}[^"\\]*+(?:(?:\\.|"(?!""))[^"\\]*+)*\"{3}
                |'{3}[^'\\]*+(?:(?:\\.|'(?!''))[^'\\]*+)*'{3}
                |\"(?!"")[^"\\\r\n]*+(?:\\.[^"\\\r\n]*+)*\"
                |'(?!'')[^'\\\r\n]*+(?:\\.[^'\\\r\n]*+)*')
    | (?P<unclosed>["'])
    | (?P<iri><[^<>"{}|^`\\\x00-\x20]*+(?:\\[uU][^<>"{}|^`\\\x00-\x20]*+)*>)
    | (?P<word>[^\W\d_][\w.-]*+)(?P<local>:[\w.:-]*+(?:(?:%[0-9A-Fa-f]{2}|\\.)[\w.:-]*+)*)?
    | (?P<opening>[({\[]|<<)
    | (?P<closing>[)}\]]|>>)
    | (?P<unary>[!^+-])
    | (?P<other>:[\w.:-]*+(?:(?:%[0-9A-Fa-f]{2}|\\.)[\w.:-]*+)*|[?$]\w*+|@[A-Za-z]++(?:-[A-Za-z0-9]++)*|\\?.)
    """,
    re.VERBOSE | re.DOTALL,
)
_CODEPOINT = re.compile(r"\\(?:u|U0000)([0-9A-Fa-f]{4})")
_NATIVE = re.compile(r"\b(?:bif|sql)\s*:", re.IGNORECASE)
_TWO_READINGS = re.compile(r"<(?![A-Za-z][A-Za-z0-9+.-]*+://)[^>]*?[#')]")


@dataclass(frozen=True)
class Query:
    """A query text that passed the guard.

    :param text: as the client wrote it.
    :param form: ``select``, ``ask``, ``construct`` or ``describe``.
    :param names_dataset: whether it has FROM clauses.
    :param volatile: its answer may differ from one run to the next: it calls a function such as NOW, or SERVICE.
    :param services: the other servers that it queries.
    """

    text: str
    form: str
    names_dataset: bool
    volatile: bool
    services: frozenset[str] = frozenset()

    @property
    def gives_table(self) -> bool:
        """Whether the answer is a table or a truth value; otherwise it is a graph."""
        return self.form in {"select", "ask"}


def prepare(text: str, *, length: int, depth: int, services: Set[str] = frozenset()) -> Query:
    """Check a query text and read its form.

    :param text: the text from the client.
    :param length: maximum number of characters.
    :param depth: deepest nesting of brackets, and longest run of signs such as ``!!!``.
    :param services: addresses that SERVICE may name, exactly as between ``<`` and ``>``.
    :raises QueryTooLong: it has more characters than that.
    :raises QueryTooDeep: it is nested more deeply than that.
    :raises ServiceRefused: it has a SERVICE clause with another address or a variable, or hides one.
    :raises UpdateRefused: it is an update.
    :raises QueryRejected: it is neither a query nor an update, or has a string without end or a NUL character.
    """
    if len(text) > length:
        raise QueryTooLong(f"The query has more than {length} characters.", limit="length", value=length)
    if "\0" in text:
        raise QueryRejected("The query has a NUL character.")
    words = _words(text, depth)
    form = next((word for word in words if word not in _PROLOGUE), "")
    if form in _UPDATES:
        raise UpdateRefused("This is an update. The endpoint is read-only.")
    if form not in _FORMS:
        raise QueryRejected("A query begins with SELECT, ASK, CONSTRUCT or DESCRIBE, after its prefixes.")
    # Some parsers resolve \u escapes before they read anything else (section 19.2), others only in strings and IRIs.
    resolved = _CODEPOINT.sub(lambda match: chr(int(match[1], 16)), text)
    named: set[str] = set()
    if "service" in resolved.lower():
        for reading in {text, resolved}:
            named |= _services(reading, services)
    return Query(text, form, "from" in words, bool(named) or not _VOLATILE.isdisjoint(words), frozenset(named))


def refuse_native(query: Query) -> None:
    """Refuse functions of a server with access to files and networks: those of Virtuoso in ``bif:`` and ``sql:``.

    :raises ServiceRefused: the text has such a name, even if only in a string.
    """
    resolved = _CODEPOINT.sub(lambda match: chr(int(match[1], 16)), query.text)
    if _NATIVE.search(query.text) or _NATIVE.search(resolved):
        raise ServiceRefused("The query has a name in bif: or sql:, which stand for functions of the server itself.")


def _words(text: str, limit: int) -> dict[str, None]:
    """The keywords and function names of the text in lower case, in order; refuses texts with too deep nesting."""
    words: dict[str, None] = {}
    depth = run = 0
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "skip":
            continue
        run = run + 1 if kind == "unary" else 0
        if kind == "opening":
            depth += 1
        elif kind == "closing":
            depth = max(0, depth - 1)
        elif kind == "word":
            words.update(dict.fromkeys(token["word"].lower().replace("-", ".").split(".")))
        elif kind == "unclosed":
            raise QueryRejected(f"The string that begins at character {token.start() + 1} has no end.")
        if max(depth, run) > limit:
            raise QueryTooDeep(f"The query is nested more than {limit} deep.", limit="depth", value=limit)
    return words


def _services(text: str, allowed: Set[str]) -> set[str]:
    """The servers that plain SERVICE clauses name.

    Refuses a text in which a parser, strict or lax, could find that keyword anywhere else.
    """
    help_ = "It may name: " + ", ".join(sorted(allowed)) if allowed else "This endpoint asks no other server."
    refusal = ServiceRefused(f"SERVICE is refused. {help_}")
    named: set[str] = set()
    before = ""
    in_prologue = True
    may_be_keyword = awaits_address = False
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "skip":
            continue
        word = (token["word"] or "").lower()
        if awaits_address:
            if token[0][1:-1] in allowed and kind == "iri":
                named.add(token[0][1:-1])
                awaits_address = False
            elif kind != "word" or word != "silent":
                raise refusal
            continue
        if kind == "unclosed" or (may_be_keyword and token[0] == "{"):
            raise refusal
        if kind == "word" and "service" in word:
            if word != "service" or not allowed:
                raise refusal
            awaits_address = True
        if kind == "iri" and not in_prologue and _TWO_READINGS.match(token[0]):
            raise refusal
        may_be_keyword = kind == "local" and "service" in word and before not in _BEFORE_GRAPH
        in_prologue = in_prologue and (kind != "word" or word in _PROLOGUE)
        before = word if kind == "word" else ""
    if awaits_address:
        raise refusal
    return named
