"""The formats of the Navigator profile, with positions for cutting by moment (see :mod:`publish.formats.by_moment`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from heapq import merge
from importlib.resources import files as package_files
from operator import itemgetter
from typing import Any, Final

from rdflib import DCTERMS, FOAF, Graph, URIRef

import ontology
from publish.formats.by_moment import Incremental
from publish.formats.dumps import Files
from publish.releases.contents import CUTS
from publish.releases.contents.sync import Cuts
from publish.releases.history import Absent
from publish.sync import navigator_table
from publish.sync.navigator import NavigatorProfile, Row

_SCHEMA: Final = "https://schema.org/"


@dataclass(frozen=True)
class ProfileFacts:
    """Facts about the whole profile."""

    base: str
    licence: str | None
    attribution: str | None
    publisher: str
    homepage: str | None


def facts(config: Graph, base: str) -> ProfileFacts:
    """Facts of the catalogue about the service of the profile and its publisher."""
    service = URIRef(f"{base}catalog#navigator")
    publisher = config.value(URIRef(f"{base}catalog"), DCTERMS.publisher)
    licence = config.value(service, DCTERMS.license)
    attribution = config.value(service, URIRef(ontology.PREFIXES["dcatde"] + "licenseAttributionByText"))
    homepage = config.value(publisher, FOAF.homepage)
    return ProfileFacts(
        base,
        str(licence) if licence else None,
        str(attribution) if attribution else None,
        str(config.value(publisher, FOAF.name)),
        str(homepage) if homepage else None,
    )


def write(files: Files, profile: NavigatorProfile, deleted: list[Row], facts: ProfileFacts) -> None:
    """Write ``navigator/projects.*``, the schema of the JSON, and the positions for cutting.

    :param deleted: what :func:`deleted_projects` returned.
    """
    cuts: Cuts = {}
    for suffix, write_document in _DOCUMENTS.items():
        name = f"navigator/projects.{suffix}"
        with files.path(name).open("wb") as file:
            document = Incremental(file)
            write_document(document, profile.rows, deleted, facts)
        files.done(name)
        cuts[suffix] = {"": document.sections}
    cuts["xlsx"] = navigator_table.write_workbook(files.path("navigator/projects.xlsx"), profile.rows)
    files.done("navigator/projects.xlsx")
    files.content(CUTS, cuts)
    schema = json.loads(package_files(__package__).joinpath("navigator.schema.json").read_text(encoding="utf-8"))
    schema["$id"] = f"{facts.base}navigator/schema.json"
    files.write("navigator/schema.json", (json.dumps(schema, ensure_ascii=False, indent=1) + "\n").encode())


def _text(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def deleted_projects(tombstones: Mapping[str, Absent], base: str) -> list[Row]:
    """Deleted projects, the last deleted first."""
    found = [
        {
            "id": f"{base}id/{iri}",
            "title": absent.title,
            "deleted": absent.deleted,
            "replacedBy": [f"{base}id/{heir}" for heir in absent.replaced_by],
        }
        for iri, absent in sorted(tombstones.items())
        if iri.startswith("project/")
    ]
    return sorted(found, key=lambda row: str(row["deleted"]), reverse=True)


def _json(document: Incremental, rows: list[Row], deleted: list[Row], facts: ProfileFacts) -> None:
    head = {
        "$schema": f"{facts.base}navigator/schema.json",
        "publisher": facts.publisher,
        "licence": facts.licence,
        "attribution": facts.attribution,
    }
    document.fixed(_text(head)[:-1] + b', "projects": [\n')
    document.entries(((row["modified"], _text(row)) for row in rows), b",\n")
    document.fixed(b'\n], "deleted": [\n')
    document.entries(((row["deleted"], _text(row)) for row in deleted), b",\n")
    document.fixed(b"\n]}\n")


def _geojson(document: Incremental, rows: list[Row], _: list[Row], __: ProfileFacts) -> None:
    """RFC 7946; a project without a place has no geometry (section 3.2)."""
    document.fixed(b'{"type": "FeatureCollection", "features": [\n')
    document.entries(((row["modified"], _text(_feature(row))) for row in rows), b",\n")
    document.fixed(b"\n]}\n")


def _feature(row: Row) -> Row:
    cells = {
        name: value for name, value in navigator_table.flat(row).items() if name not in ("id", "latitude", "longitude")
    }
    geometry = {"type": "Point", "coordinates": row["coordinates"]} if row["coordinates"] else None
    return {"type": "Feature", "id": row["id"], "geometry": geometry, "properties": cells}


def _jsonld(document: Incremental, rows: list[Row], deleted: list[Row], facts: ProfileFacts) -> None:
    """A feed of projects in schema.org's terms; self-contained, so that clients need not fetch a context."""
    address = f"{facts.base}navigator/projects.jsonld"
    head = {
        "@context": {
            "@vocab": _SCHEMA,
            "id": "@id",
            "type": "@type",
            "sr": "https://w3id.org/smart-region/ns#",
            **{term: {"@type": "@id"} for term in ("url", "license", "sameAs")},
            **{term: {"@type": "DateTime"} for term in ("dateCreated", "dateModified", "dateDeleted")},
            **{term: {"@type": ontology.PREFIXES["xsd"] + "decimal"} for term in ("latitude", "longitude", "amount")},
        },
        "id": address,
        "type": "DataFeed",
        "name": [_said("Projekte der Smarten Region Hessen", "de"), _said("Projects of the Smart Region Hesse", "en")],
        "license": facts.licence,
        "creditText": facts.attribution,
        "publisher": {"id": f"{facts.base}catalog#publisher", "type": "Organization", "name": facts.publisher},
    }
    document.fixed(_text({term: value for term, value in head.items() if value})[:-1] + b', "dataFeedElement": [\n')
    items = ((row["modified"], _text(_item(address, row))) for row in rows)
    gone = ((row["deleted"], _text(_deleted_item(address, row))) for row in deleted)
    document.entries(merge(items, gone, key=itemgetter(0), reverse=True), b",\n")
    document.fixed(b"\n]}\n")


def _item(address: str, row: Row) -> Row:
    return {
        "id": f"{address}#{row['identifier']}",
        "type": "DataFeedItem",
        "dateCreated": row["issued"],
        "dateModified": row["modified"],
        "item": _present(_project(row)),
    }


def _deleted_item(address: str, row: Row) -> Row:
    key = row["id"].rpartition("/")[2]
    item = {"id": row["id"], "name": _spoken(row["title"])}
    return {"id": f"{address}#{key}", "type": "DataFeedItem", "dateDeleted": row["deleted"], "item": item}


def _project(row: Row) -> Row:
    return {
        "id": row["id"],
        "type": "Project",
        "identifier": row["identifier"],
        "name": _spoken(row["title"]),
        "description": _spoken(row["description"] or {}),
        "url": row["homepage"] or row["url"],
        "startDate": row["start"],
        "endDate": row["end"],
        "member": [_area(place) for place in row["places"]] + [_member(found) for found in row["organisations"]],
        "knowsAbout": [_term(field) for field in row["fields"]],
        "funding": [_present(_monetary_grant(grant)) for grant in row["funding"]["grants"]],
        "additionalType": {"id": "https://w3id.org/smart-region/ns#Project"},
        "creativeWorkStatus": _term(row["status"]) if row["status"] else None,
        "subjectOf": [{"id": source} for source in row["sources"]],
    }


def _area(place: Row) -> Row:
    found = {
        "id": place["id"],
        "type": "AdministrativeArea",
        "name": place["name"],
        "identifier": place["ags"],
        "sameAs": place["wikidata"],
        "geo": None,
    }
    if place["coordinates"]:
        longitude, latitude = place["coordinates"]
        geo = {"id": f"{place['id']}#geometry", "type": "GeoCoordinates"}
        found["geo"] = {**geo, "latitude": str(latitude), "longitude": str(longitude)}
    return _present(found)


def _member(organisation: Row) -> Row:
    return _present(
        {
            "id": organisation["id"],
            "type": "Organization",
            "name": organisation["name"],
            "url": organisation["homepage"],
        }
    )


def _term(concept: Row) -> Row:
    return {
        "id": concept["id"],
        "type": "DefinedTerm",
        "termCode": concept["notation"],
        "name": _spoken(concept["name"]),
        **({"sameAs": [match["id"] for match in concept["bitkom"]]} if concept.get("bitkom") else {}),
    }


def _monetary_grant(grant: Row) -> Row:
    programme = grant["programme"]
    return {
        "id": grant["id"],
        "type": "MonetaryGrant",
        "name": _spoken(grant["title"]),
        # A string, because parsers write the numbers of JSON in different ways (JSON-LD 1.1 API, 8.2.2).
        "amount": None if grant["amount"] is None else str(grant["amount"]),
        "currency": grant["currency"] if grant["amount"] is not None else None,
        "isPartOf": {"id": programme["id"], "name": _spoken(programme["title"])} if programme else None,
    }


def _said(text: str, language: str) -> Row:
    return {"@value": text, "@language": language}


def _spoken(texts: Mapping[str, str]) -> list[Row]:
    return [_said(text, language) for language, text in texts.items()]


def _present(node: Row) -> Row:
    return {term: value for term, value in node.items() if value not in (None, [], {})}


def _csv(document: Incremental, rows: list[Row], _: list[Row], __: ProfileFacts) -> None:
    navigator_table.write_csv(document, rows)


_DOCUMENTS: Final = {"json": _json, "jsonld": _jsonld, "geojson": _geojson, "csv": _csv}
