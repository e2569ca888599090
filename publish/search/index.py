"""The search index of a release: one SQLite file, written at build time and only read afterwards (decision 27).

::

    record       fields shown in a list of results, by number; numbers follow the default order
    text         full text of the same numbers (FTS5): titles, linked names, texts, surroundings; folded words only
    word         every word of it, its spelling, its stems, and the number of records with it
    infix        the same words by their trigrams (FTS5), to find words within words
    exact        folded names of exactly one record
    facet_value  the values of each facet with their names, and the records that have them as a bitmap
    ordering     numbers of all records in the order of a sort key; ``located``: for each number the number of its place
    place        records that have coordinates

The same records give the same bytes with the same version of SQLite.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from ingest.model import searched, the
from ingest.rdf import Node
from publish.releases.manifest import SearchIndex, measure
from publish.releases.search_words import Stems, fold, folded, words
from publish.search.entries import Entries, Row, SearchEntry, amount_classes, concept_names, token

_SCHEMA: Final = """
PRAGMA page_size = 4096;
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE record(
  id INTEGER PRIMARY KEY, iri TEXT NOT NULL UNIQUE, type TEXT NOT NULL, title_de TEXT NOT NULL, title_en TEXT,
  description_de TEXT, description_en TEXT, beside TEXT NOT NULL, date TEXT NOT NULL, amount TEXT NOT NULL,
  longitude REAL, latitude REAL, facets TEXT NOT NULL);
-- Without a copy of the content, weights need the position of each word (detail=full, the default).
CREATE VIRTUAL TABLE text USING fts5(title, linked, body, around, content='', tokenize='unicode61');
CREATE TABLE word(
  id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE, spelling TEXT NOT NULL, german TEXT, english TEXT,
  records INTEGER NOT NULL);
CREATE VIRTUAL TABLE infix USING fts5(word, content='', tokenize='trigram');
CREATE TABLE exact(name TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (name, id)) WITHOUT ROWID;
CREATE TABLE facet_value(
  facet TEXT NOT NULL, value TEXT NOT NULL, position INTEGER NOT NULL, label_de TEXT NOT NULL, label_en TEXT NOT NULL,
  bitmap BLOB NOT NULL, PRIMARY KEY (facet, value));
CREATE TABLE ordering(name TEXT PRIMARY KEY, numbers BLOB NOT NULL);
CREATE TABLE place(id INTEGER PRIMARY KEY, iri TEXT NOT NULL, name TEXT NOT NULL, longitude REAL, latitude REAL);
"""
_FACETS: Final = ("type", "field", "theme", "district", "programme", "status", "year", "amount")


def write(path: Path, records: Mapping[str, Node], projects: Iterable[Row], base: str) -> SearchIndex:
    """Write the index of records.

    :param path: the file to make.
    :param records: all published records, by IRI relative to ``{base}id/``.
    :param projects: projects of the Navigator profile, see :class:`publish.sync.navigator.Profile`.
    :param base: base IRI, ending in a slash.
    """
    folding = _Folding()
    entries = _listed(Entries(records, projects, base), folding)
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.executescript(_SCHEMA)
        connection.execute("BEGIN")
        _write_records(connection, entries, folding)
        _write_text(connection, entries, folding)
        _write_words(connection, folding)
        _write_facets(connection, entries, records)
        _write_orderings(connection, entries, records, folding)
        connection.execute("COMMIT")
        connection.execute("VACUUM")
    finally:
        connection.close()
    measured = measure(path)
    return SearchIndex(len(entries), measured.bytes, measured.sha256)


class _Folding(dict[str, str]):
    """Cache of folded words: each distinct spelling is folded once."""

    def __missing__(self, written: str) -> str:
        self[written] = found = fold(written)
        return found

    def text(self, *texts: str) -> str:
        """The words of texts, folded, with spaces between them."""
        return " ".join([self[written] for written in words("\n".join(texts))])


def _listed(entries: Iterable[SearchEntry], folding: _Folding) -> list[SearchEntry]:
    """Sort entries in the default order: by type, the newest first, then by name."""
    place = {token(name): number for number, name in enumerate(kind.name for kind in searched())}
    # Stable sorts: the last one has precedence.
    found = sorted(entries, key=lambda entry: (folding.text(entry.title["de"]), entry.iri))
    found.sort(key=lambda entry: entry.date, reverse=True)
    found.sort(key=lambda entry: place[entry.type])
    return found


def _write_records(connection: sqlite3.Connection, entries: Sequence[SearchEntry], folding: _Folding) -> None:
    connection.executemany(
        "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                number,
                entry.iri,
                entry.type,
                entry.title["de"],
                entry.title.get("en"),
                entry.description.get("de"),
                entry.description.get("en"),
                entry.beside,
                entry.date,
                entry.amount,
                *(entry.point or (None, None)),
                json.dumps({name: values for name, values in entry.facets.items() if values}, ensure_ascii=False),
            )
            for number, entry in enumerate(entries, 1)
        ),
    )
    names = {(folding.text(name), number) for number, entry in enumerate(entries, 1) for name in _exact(entry)}
    connection.executemany("INSERT INTO exact VALUES (?, ?)", sorted(names))


def _exact(entry: SearchEntry) -> Iterator[str]:
    """The exact names of an entry: Homberg (Efze) by its full name, and by "Homberg"."""
    for name in entry.exact:
        yield name
        if " (" in name:
            yield name.partition(" (")[0]


def _write_text(connection: sqlite3.Connection, entries: Sequence[SearchEntry], folding: _Folding) -> None:
    linked: dict[tuple[str, ...], str] = {}
    rows = []
    for number, entry in enumerate(entries, 1):
        names = tuple(entry.linked)
        if names not in linked:
            linked[names] = folding.text(*names)
        texts, around = folding.text(*entry.texts), folding.text(*entry.around)
        rows.append((number, folding.text(*entry.titles), linked[names], texts, around))
    connection.executemany("INSERT INTO text(rowid, title, linked, body, around) VALUES (?, ?, ?, ?, ?)", rows)
    connection.execute("INSERT INTO text(text) VALUES ('optimize')")


def _write_words(connection: sqlite3.Connection, folding: _Folding) -> None:
    """Write the vocabulary. Numbers have no stems, no infixes and no corrections."""
    stems, written = Stems(), dict[str, str]()
    for original, short in folding.items():
        written.setdefault(short, original)
    connection.execute("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, 'text', 'row')")
    rows = []
    for number, (word, count) in enumerate(connection.execute("SELECT term, doc FROM vocabulary ORDER BY term"), 1):
        german, english = (None, None) if word.isdigit() else stems(word)
        rows.append((number, word, written.get(word, word), german, english, count))
    connection.executemany("INSERT INTO word VALUES (?, ?, ?, ?, ?, ?)", rows)
    connection.execute("DROP TABLE temp.vocabulary")
    connection.execute("CREATE INDEX word_german ON word(german) WHERE german IS NOT NULL")
    connection.execute("CREATE INDEX word_english ON word(english) WHERE english IS NOT NULL")
    connection.execute("INSERT INTO infix(rowid, word) SELECT id, word FROM word WHERE german IS NOT NULL")
    connection.execute("INSERT INTO infix(infix) VALUES ('optimize')")


def _write_facets(connection: sqlite3.Connection, entries: Sequence[SearchEntry], records: Mapping[str, Node]) -> None:
    having: dict[str, dict[str, list[int]]] = {name: defaultdict(list) for name in _FACETS}
    for number, entry in enumerate(entries, 1):
        for name, values in entry.facets.items():
            for value in values:
                having[name][value].append(number)
    rows = []
    for name in _FACETS:
        labelled = {value: _labels(name, value, records) for value in having[name]}
        for position, value in enumerate(_in_order(name, labelled)):
            bitmap = _bitmap(having[name][value], len(entries))
            rows.append((name, value, position, *labelled[value], bitmap))
    connection.executemany("INSERT INTO facet_value VALUES (?, ?, ?, ?, ?, ?)", rows)


def _labels(facet: str, value: str, records: Mapping[str, Node]) -> tuple[str, str]:
    """German and English name of a value; the page names amount classes."""
    match facet:
        case "type":
            label = next(kind.label for kind in searched() if token(kind.name) == value)
            return label["de"], label["en"]
        case "field" | "theme" | "status":
            names = concept_names(the("activity").field(facet).prefix + value)
            return names["de"], names["en"]
        case "district":
            name = str(records[f"district/{value}"]["name"])
            return name, name
        case "programme":
            node = records[f"programme/{value}"]
            return str(node["title_de"]), str(node.get("title_en", node["title_de"]))
        case _:
            return value, value


def _in_order(facet: str, labels: Mapping[str, tuple[str, str]]) -> list[str]:
    match facet:
        case "type":
            return [name for name in (token(kind.name) for kind in searched()) if name in labels]
        case "field" | "theme" | "status":
            options = the("activity").field(facet).options
            return [value for value in (option.rpartition("#")[2] for option in options) if value in labels]
        case "year":
            return sorted(labels, reverse=True)
        case "amount":
            return [value for value in amount_classes() if value in labels]
        case _:
            return sorted(labels, key=lambda value: (folded(labels[value][0]), value))


def _bitmap(numbers: Sequence[int], count: int) -> bytes:
    """One bit for each number from 0 to ``count``, the least significant first."""
    bits = np.zeros(count + 1, dtype=bool)
    bits[numbers] = True
    return np.packbits(bits, bitorder="little").tobytes()


def _write_orderings(
    connection: sqlite3.Connection, entries: Sequence[SearchEntry], records: Mapping[str, Node], folding: _Folding
) -> None:
    numbered = list(enumerate(entries, 1))
    orders = {
        "name_de": sorted(numbered, key=lambda item: folding.text(item[1].title["de"])),
        "name_en": sorted(numbered, key=lambda item: folding.text(item[1].title.get("en", item[1].title["de"]))),
        "newest": sorted(numbered, key=lambda item: item[1].date, reverse=True),
        "amount": sorted(numbered, key=lambda item: float(item[1].amount or -1), reverse=True),
    }
    places = {iri: number for number, iri in enumerate(sorted({entry.located for entry in entries} - {""}), 1)}
    found = {name: [number for number, _ in order] for name, order in orders.items()}
    found["located"] = [0, *(places.get(entry.located, 0) for entry in entries)]
    connection.executemany(
        "INSERT INTO ordering VALUES (?, ?)",
        ((name, np.array(numbers, dtype="<i4").tobytes()) for name, numbers in found.items()),
    )
    connection.executemany(
        "INSERT INTO place VALUES (?, ?, ?, ?, ?)", (_place(number, records[iri]) for iri, number in places.items())
    )


def _place(number: int, node: Node) -> tuple[Any, ...]:
    name = node.get("name") or node["title_de"]
    return number, node["id"], name, float(node["longitude"]), float(node["latitude"])
