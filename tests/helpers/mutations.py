"""Records of all types, most of them spoilt at random in one to three places: what clerks and machines may send."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

from test_shapes import BAD, GOOD, OTHERS, SPECIAL

from ingest.model import by_name

Record = dict[str, Any]

TEXTS = [
    "", " ", "\u00a0", "\u200b", "\u3000", "\u0085", "a\nb", "abc\n", "\ttab", "abc\u2028def", "e\u0301", "ä" * 200,
    "x" * 121, "x" * 301, "🏛" * 200, "0", "-0", "007", "+5", "5.", ".5", "1e5", "1E5", " 5 ", "1_000", "٣", "1,5",
    "INF", "-1", "99999999999999999999999", "0.00000000000000000000001", "2024", "2024-13", "2024-02-30", "2024-2-1",
    "-2024", "02024", "2024Z", "2024-09-04Z", "2024-09-04+02:00", "24:00:00", "2024-09-04T10:00:00", "2999", "true",
    "1", "TRUE", "ja", "06431011", "6431011", "06", "EUR", "eur", "Hanau", "digitaler-knuell", "https://www.hessen.de/",
    "mailto:a@b.de",
]  # fmt: skip
DATATYPES = [
    "string", "integer", "decimal", "double", "float", "boolean", "date", "dateTime", "time", "gYear", "gYearMonth",
    "gMonthDay", "anyURI", "int", "nonNegativeInteger", "duration",
]  # fmt: skip
LANGUAGES = ["de", "en", "DE", "En", "de-AT", "de-DE-1996", "fr", "nds", "und"]
LINKS = [
    *(record["id"] for record in GOOD.values()), *(record["id"] for record in OTHERS), "project/nothing", "../x", "#y",
    "https://example.org/", "urn:x", "http://www.wikidata.org/entity/Q1",
    "https://w3id.org/smart-region/scheme/project-status#approved", "https://w3id.org/smart-region/ns#Project",
]  # fmt: skip


def records(seed: int, count: int) -> list[Record]:
    """The good records, and copies of them that are spoilt.

    :param count: number of copies.
    """
    chance = random.Random(seed)
    names = list(GOOD)
    found = [_copy(names[number % len(names)], number) for number in range(count)]
    links = LINKS + [record["id"] for record in found]
    for record in found:
        for _ in range(chance.choice((0, 1, 1, 1, 2, 3))):
            chance.choice(_SPOILS)(record, chance, links)
    return [*copy.deepcopy([*GOOD.values(), *OTHERS]), *found]


def _copy(name: str, number: int) -> Record:
    """A good record under a name and key of its own."""
    record = copy.deepcopy(GOOD[name])
    key = by_name(name).key.term
    value = f"{record[key][:-3]}{number % 1000:03}" if key == "ags" else f"{record[key]}-{number}"
    if name == "District":
        value = f"064{number % 100:02}"
    record |= {key: value, "id": f"{by_name(name).segment}/{value}-{number}"}
    if name == "Municipality":
        record["ars"] = f"{value[:5]}0011{value[5:]}"
    if name == "District":
        record["ars"] = f"{value}0000000"
    return record


def _term(record: Record, chance: random.Random, *, present: bool = False) -> str:
    own = [field.term for field in by_name(record["type"]).fields]
    return chance.choice([term for term in own if term in record or not present] or ["note"])


def _remove(record: Record, chance: random.Random, links: list[str]) -> None:
    record.pop(_term(record, chance, present=True), None)


def _put(record: Record, term: str, value: object, chance: random.Random) -> None:
    """Instead of the value that is there, or beside it."""
    before = record.get(term)
    if before is not None and chance.random() < 0.3:
        listed = before if isinstance(before, list) else [before]
        record[term] = [*listed, *(value if isinstance(value, list) else [value])]
    else:
        record[term] = value


def _known_fault(record: Record, chance: random.Random, links: list[str]) -> None:
    term = _term(record, chance)
    pool = BAD.get(f"{record['type']}-{term}", BAD.get(term, [None]))
    value = chance.choice([each for each in pool if each is not None] or [{"@value": "Text"}])
    _put(record, term, copy.deepcopy(value), chance)


def _known_case(record: Record, chance: random.Random, links: list[str]) -> None:
    changes = [change for name, change, _ in SPECIAL if name == record["type"] and "also" not in change]
    for term, value in copy.deepcopy(chance.choice(changes or [{"note": None}])).items():
        if value is None:
            record.pop(term, None)
        else:
            record[term] = value


def _any_fault(record: Record, chance: random.Random, links: list[str]) -> None:
    value = copy.deepcopy(chance.choice(chance.choice([*BAD.values()]))) or "x"
    _put(record, _term(record, chance), value, chance)


def _typed(record: Record, chance: random.Random, links: list[str]) -> None:
    value = {"@value": chance.choice(TEXTS), "@type": f"xsd:{chance.choice(DATATYPES)}"}
    _put(record, _term(record, chance), value, chance)


def _plain(record: Record, chance: random.Random, links: list[str]) -> None:
    _put(record, _term(record, chance), {"@value": chance.choice(TEXTS)}, chance)


def _language(record: Record, chance: random.Random, links: list[str]) -> None:
    value = {"@value": chance.choice([*TEXTS, "Text", "Projekt"]), "@language": chance.choice(LANGUAGES)}
    _put(record, _term(record, chance), value, chance)


def _link(record: Record, chance: random.Random, links: list[str]) -> None:
    terms = [field.term for field in by_name(record["type"]).fields if field.kind == "reference"]
    term = chance.choice(terms) if terms and chance.random() < 0.8 else _term(record, chance)
    target = record["id"] if chance.random() < 0.15 else chance.choice(links)
    _put(record, term, {"@id": target}, chance)


def _swap(record: Record, chance: random.Random, links: list[str]) -> None:
    """A value in the wrong column."""
    one, other = _term(record, chance, present=True), _term(record, chance)
    record[one], record[other] = record.get(other, "x"), record.get(one, "x")


def _share_key(record: Record, chance: random.Random, links: list[str]) -> None:
    key = by_name(record["type"]).key.term
    _put(record, key, GOOD[chance.choice([record["type"], *GOOD])].get(key, "06431"), chance)


def _compared(record: Record, chance: random.Random, links: list[str]) -> None:
    """A strange value where SPARQL constraints look."""
    terms = [field.term for field in by_name(record["type"]).fields if field.term in _COMPARED]
    value = {"@value": chance.choice(TEXTS)}
    if chance.random() < 0.5:
        value["@type"] = f"xsd:{chance.choice(('decimal', 'integer', 'date', 'gYear', 'string', 'boolean'))}"
    _put(record, chance.choice(terms or ["note"]), value, chance)


_COMPARED = {
    "start", "end", "awardDate", "amount", "announcedTotal", "currency", "fundingRate", "minimumAmount",
    "maximumAmount", "minimumRate", "maximumRate", "ags", "ars", "approximate",
}  # fmt: skip
_SPOILS: list[Callable[[Record, random.Random, list[str]], None]] = [
    _remove, _known_fault, _known_fault, _known_case, _any_fault, _typed, _plain, _language, _link, _link, _swap,
    _share_key, _compared, _compared,
]  # fmt: skip


def show(record: Record) -> str:
    """A record for the message of a failing test."""
    return json.dumps(record, ensure_ascii=False)
