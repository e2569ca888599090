"""The kinds of findings about a feed, with their sentences; ``docs/harvest-check.md`` explains them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Severity = Literal["violation", "warning", "info"]
Text = dict[str, str]


@dataclass(frozen=True)
class FeedFindingKind:
    """One kind of finding.

    :ivar code: stable identifier, e.g. ``page-repeated``.
    :ivar severity: ``violation`` makes a harvester fail or lose data, ``warning`` costs quality, ``info`` is no fault.
    :ivar template: German and English sentence with ``str.format`` placeholders.
    """

    code: str
    severity: Severity
    template: Text


def _kind(code: str, severity: Severity, de: str, en: str) -> FeedFindingKind:
    return FeedFindingKind(code, severity, {"de": de, "en": en})


_PAGES: Final = (
    _kind(
        "page-failed",
        "violation",
        "Die Seite antwortet nicht ({detail}); der Lauf bricht hier ab. Richtig wäre Status 200 mit RDF.",
        "The page does not answer ({detail}); the run ends here. Right would be status 200 with RDF.",
    ),
    _kind(
        "page-head",
        "violation",
        "HEAD wird mit {detail} beantwortet, GET mit 200. Harvester fragen zuerst mit HEAD; richtig wäre auch da 200.",
        "HEAD is answered with {detail}, GET with 200. Harvesters ask by HEAD first; right would be 200 there too.",
    ),
    _kind(
        "page-media-type",
        "violation",
        "Auf „Accept: */*“ kommt {found}. Richtig wäre eine RDF-Syntax, z. B. text/turtle oder application/rdf+xml.",
        "“Accept: */*” is answered with {found}. Right would be an RDF syntax, e.g. text/turtle.",
    ),
    _kind(
        "page-media-type-changed",
        "violation",
        "Die Seite ist {found}, Seite 1 war {first}. Harvester behalten die Syntax von Seite 1; richtig wäre {first}.",
        "The page is {found}, page 1 was {first}. Harvesters keep the syntax of page 1; right would be {first}.",
    ),
    _kind(
        "page-encoding",
        "violation",
        "Die Seite ist kein UTF-8 ({detail}). Richtig wäre UTF-8.",
        "The page is not UTF-8 ({detail}). Right would be UTF-8.",
    ),
    _kind(
        "page-too-large",
        "violation",
        "Die Seite ist größer als {megabytes} MiB; Harvester verwerfen sie. Richtig wären mehr, kleinere Seiten.",
        "The page is larger than {megabytes} MiB; harvesters refuse it. Right would be more and smaller pages.",
    ),
    _kind(
        "page-unparsable",
        "violation",
        "Die Seite ist kein gültiges {syntax}: {detail}.",
        "The page is not valid {syntax}: {detail}.",
    ),
    _kind(
        "page-remote-context",
        "violation",
        "Das JSON-LD nennt einen Kontext an anderer Stelle ({detail}); er wird hier nicht geholt. "
        "Richtig wäre ein Kontext in der Seite selbst.",
        "The JSON-LD names a context elsewhere ({detail}), which is not fetched here. "
        "Right would be a context inside the page.",
    ),
    _kind(
        "page-repeated",
        "violation",
        "Die Seite ist gleich Seite 1; Harvester hören hier auf und löschen, was noch käme. "
        "Richtig wären die nächsten Datensätze oder kein hydra:next.",
        "The page equals page 1; harvesters stop here and delete what would follow. "
        "Right would be the next datasets or no hydra:next.",
    ),
    _kind(
        "page-loop",
        "violation",
        "hydra:next führt zu {next} zurück; der Lauf endet nie. Richtig wäre: die letzte Seite hat kein hydra:next.",
        "hydra:next leads back to {next}; the run never ends. Right would be: the last page has no hydra:next.",
    ),
    _kind(
        "page-limit",
        "violation",
        "Nach {pages} Seiten abgebrochen; es gäbe weitere. Mit --pages lässt sich die Grenze anheben.",
        "Stopped after {pages} pages; there are more. --pages raises the limit.",
    ),
    _kind(
        "page-changes",
        "warning",
        "Zwei Abrufe nacheinander unterscheiden sich, z. B. {detail}. Harvester halten dann alles für geändert; "
        "richtig wären gleiche Antworten, solange sich nichts ändert.",
        "Two fetches in a row differ, for example in {detail}. Harvesters then take everything for changed; "
        "right would be equal answers as long as nothing changes.",
    ),
    _kind(
        "page-not-conditional",
        "info",
        "{detail}. Richtig wären ETag oder Last-Modified und Status 304, wenn sich nichts geändert hat.",
        "{detail}. Right would be ETag or Last-Modified, and status 304 when nothing has changed.",
    ),
    _kind(
        "hydra-total",
        "violation",
        "hydra:totalItems {detail}. piveau braucht genau eine ganze Zahl, z. B. 42 (xsd:integer).",
        "hydra:totalItems {detail}. piveau needs exactly one integer, e.g. 42 (xsd:integer).",
    ),
    _kind(
        "hydra-total-differs",
        "warning",
        "hydra:totalItems ist {stated}, gefunden wurden {found} Datensätze.",
        "hydra:totalItems is {stated}, but {found} datasets were found.",
    ),
    _kind(
        "hydra-next",
        "violation",
        "hydra:next ist {next}. piveau übernimmt davon nur, was nach dem Fragezeichen steht; "
        "richtig wäre {first}?… wie bei Seite 1.",
        "hydra:next is {next}. "
        "piveau takes only what follows the question mark; right would be {first}?…, as for page 1.",
    ),
)

_FEED: Final = (
    _kind(
        "empty-catalogue",
        "violation",
        "Der Katalog enthält keinen Datensatz; Harvester löschen dann alles, was sie von ihm haben.",
        "The catalogue has no dataset; harvesters then delete everything that they have of it.",
    ),
    _kind(
        "dataset-stub",
        "violation",
        "Die Seite nennt den Datensatz mit rdf:type, aber ohne dct:title; CKAN bricht daran ab. "
        "Richtig wäre seine ganze Beschreibung auf dieser Seite oder kein rdf:type.",
        "The page names the dataset with rdf:type but without dct:title, which stops CKAN. "
        "Right would be its whole description on this page, or no rdf:type.",
    ),
    _kind(
        "dataset-repeated",
        "violation",
        "Der Datensatz steht auch auf {other}. Richtig wäre jeder Datensatz auf genau einer Seite.",
        "The dataset is also on {other}. Right would be every dataset on exactly one page.",
    ),
    _kind(
        "dataset-without-iri",
        "violation",
        "Der Datensatz „{title}“ ist ein namenloser Knoten. Ohne eigene Adresse entsteht er bei jedem Lauf neu.",
        "The dataset “{title}” is a blank node. Without an address of its own it is made anew by every run.",
    ),
    _kind(
        "dataset-unlisted",
        "warning",
        "Kein Katalog nennt den Datensatz mit dcat:dataset. Richtig wäre dcat:dataset am dcat:Catalog.",
        "No catalogue names the dataset by dcat:dataset. Right would be dcat:dataset at the dcat:Catalog.",
    ),
    _kind(
        "dataset-without-distribution",
        "warning",
        "Der Datensatz hat keine Distribution; manche Portale überspringen oder löschen ihn.",
        "The dataset has no distribution; some portals skip or delete it.",
    ),
    _kind(
        "duplicate-identifier",
        "violation",
        "dct:identifier „{value}“ haben mehrere Datensätze ({others}); nur der neueste bleibt. Richtig wäre je einer.",
        "Several datasets have dct:identifier “{value}” ({others}); only the newest stays. Right would be one each.",
    ),
    _kind(
        "links-to-catalogue",
        "violation",
        "Der Datensatz führt über {path} zum Katalog zurück; Harvester nehmen dann den ganzen Katalog in ihn auf.",
        "The dataset leads back to the catalogue by {path}; harvesters then take the whole catalogue into it.",
    ),
    _kind(
        "licence-label",
        "violation",
        "Die Lizenz hat rdfs:label „{value}“; CKAN speichert dann den Text statt der Adresse. Richtig: skos:prefLabel.",
        "The licence has rdfs:label “{value}”; CKAN then keeps the text instead of the address. Right: skos:prefLabel.",
    ),
    _kind(
        "relative-iri",
        "violation",
        "Die Adresse „{value}“ ist relativ; Harvester kennen ihre Basis nicht. Richtig wäre eine vollständige Adresse.",
        "The address “{value}” is relative; harvesters do not know its base. Right would be a complete address.",
    ),
    _kind(
        "language-missing",
        "warning",
        '„{value}“ hat keine Sprachangabe. Richtig wäre z. B. "…"@de.',
        '“{value}” has no language tag. Right would be, for example, "…"@de.',
    ),
    _kind(
        "language-repeated",
        "warning",
        "{count} Texte in der Sprache „{language}“; Portale zeigen irgendeinen davon. Richtig wäre einer je Sprache.",
        "{count} texts in language “{language}”; portals show any of them. Right would be one for each language.",
    ),
)

_SHAPES: Final = (
    _kind(
        "shape-missing",
        "violation",
        "{property} fehlt. Richtig wäre {expected}.",
        "{property} is missing. Right would be {expected_en}.",
    ),
    _kind(
        "shape-too-many",
        "violation",
        "{property} steht mehrfach da. Richtig wäre {expected}.",
        "{property} is given more than once. Right would be {expected_en}.",
    ),
    _kind(
        "shape-node-kind",
        "violation",
        "{property} ist {value}. Richtig wäre {expected}.",
        "{property} is {value}. Right would be {expected_en}.",
    ),
    _kind(
        "shape-datatype",
        "violation",
        "{property} ist {value}. Richtig wäre {expected}.",
        "{property} is {value}. Right would be {expected_en}.",
    ),
    _kind(
        "shape-class",
        "violation",
        "{property} ist {value}. Richtig wäre {expected}, auf derselben Seite mit rdf:type.",
        "{property} is {value}. Right would be {expected_en}, with rdf:type on the same page.",
    ),
    _kind(
        "shape-deprecated",
        "warning",
        "{property} ist veraltet. Richtig wäre: weglassen oder durch die Nachfolgerin ersetzen.",
        "{property} is deprecated. Leave it out or use what has replaced it.",
    ),
    _kind(
        "shape-value",
        "violation",
        "{property} ist {value}. Richtig wäre {expected}.",
        "{property} is {value}. Right would be {expected_en}.",
    ),
)

_ADDRESSES: Final = (
    _kind(
        "address-broken",
        "violation",
        "Die Adresse antwortet mit {detail}. Richtig wäre Status 200.",
        "The address answers with {detail}. Right would be status 200.",
    ),
    _kind(
        "address-unreachable",
        "violation",
        "Die Adresse antwortet nicht: {detail}.",
        "The address does not answer: {detail}.",
    ),
    _kind(
        "address-head",
        "violation",
        "HEAD wird mit {detail} beantwortet, GET mit 200. Portale prüfen Adressen mit HEAD; richtig wäre 200.",
        "HEAD is answered with {detail}, GET with 200. Portals check addresses by HEAD; right would be 200.",
    ),
    _kind(
        "address-scheme",
        "violation",
        "Die Adresse ist weder http noch https und wird nicht abgerufen.",
        "The address is neither http nor https and is not fetched.",
    ),
    _kind(
        "address-private",
        "violation",
        "Die Adresse führt in ein privates Netz ({detail}) und wird nicht abgerufen.",
        "The address leads into a private network ({detail}) and is not fetched.",
    ),
    _kind(
        "address-incomplete",
        "violation",
        "Die Antwort bricht ab: {detail}.",
        "The answer breaks off: {detail}.",
    ),
    _kind(
        "address-limit",
        "info",
        "Die Antwort ist zu groß oder zu langsam ({detail}) und wurde nicht ganz gelesen; "
        "--megabytes und --seconds heben die Grenzen an.",
        "The answer is too large or too slow ({detail}) and was not read to its end; "
        "--megabytes and --seconds raise the limits.",
    ),
    _kind(
        "address-external",
        "info",
        "{count} Adressen bei anderen ({hosts}) wurden nicht abgerufen; --external ruft auch sie ab.",
        "{count} addresses elsewhere ({hosts}) were not fetched; --external fetches them too.",
    ),
)

_DUMPS: Final = (
    _kind(
        "dump-media-type",
        "violation",
        "dcat:mediaType ist {stated}, die Antwort ist {found}.",
        "dcat:mediaType is {stated}, but the answer is {found}.",
    ),
    _kind(
        "dump-size",
        "violation",
        "dcat:byteSize ist {stated}, die Datei hat {found} Bytes.",
        "dcat:byteSize is {stated}, but the file has {found} bytes.",
    ),
    _kind(
        "dump-checksum",
        "violation",
        "Die Prüfsumme ({algorithm}) ist {stated}, die der Datei {found}.",
        "The checksum ({algorithm}) is {stated}, but that of the file is {found}.",
    ),
    _kind(
        "dump-unparsable",
        "violation",
        "Die Datei ist kein gültiges {syntax}: {detail}.",
        "The file is not valid {syntax}: {detail}.",
    ),
    _kind(
        "dump-counts-differ",
        "violation",
        "Die Syntaxen desselben Inhalts haben verschieden viele Tripel: {counts}.",
        "The syntaxes of the same content have different numbers of triples: {counts}.",
    ),
    _kind(
        "dump-not-read",
        "info",
        "Die Datei wurde nicht geprüft: {detail}.",
        "The file was not checked: {detail}.",
    ),
    _kind(
        "void-count",
        "violation",
        "VoID nennt {stated} Tripel, die Abzüge (void:dataDump) haben {found}.",
        "VoID states {stated} triples, but the dumps (void:dataDump) have {found}.",
    ),
)

_SERVICES: Final = (
    _kind(
        "sparql-failed",
        "violation",
        "Die Abfrage „{query}“ schlägt fehl: {detail}.",
        "The query “{query}” fails: {detail}.",
    ),
    _kind(
        "sparql-count",
        "violation",
        "VoID nennt {stated} {what} in {graph}, der Endpunkt zählt {found}.",
        "VoID states {stated} {what_en} in {graph}, but the endpoint counts {found}.",
    ),
    _kind(
        "mqa-metric",
        "warning",
        "„{title}“ ist nicht erfüllt ({lost} von {points} Punkten fehlen): {rule}.",
        "“{title_en}” is not met ({lost} of {points} points are lost): {rule}.",
    ),
)

KINDS: Final = {kind.code: kind for kind in (*_PAGES, *_FEED, *_SHAPES, *_ADDRESSES, *_DUMPS, *_SERVICES)}
