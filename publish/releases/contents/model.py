"""The vocabulary, the concept schemes and the shapes, as pages explain them."""

from __future__ import annotations

from typing import NotRequired

from typing_extensions import TypedDict

from publish.releases.contents.common import ExampleRecord, PartialTexts, Texts, closed


@closed
class PropertyLabel(TypedDict):
    """Names of a property; its place among others and its group (IRI), where a shape tells them."""

    de: str
    en: str
    order: NotRequired[float]
    group: NotRequired[str]


@closed
class ClassLabel(TypedDict):
    """Names of a class, and for a record type what the shapes say of it."""

    de: str
    en: str
    plural: NotRequired[Texts]
    roles: NotRequired[list[str]]
    rank: NotRequired[int | None]
    segment: NotRequired[str]
    dataset: NotRequired[str | None]
    properties: NotRequired[dict[str, PropertyLabel]]


@closed
class GroupLabel(TypedDict):
    """Names of a group of properties, and its place."""

    de: str
    en: str
    order: float


@closed
class ClassLabels(TypedDict):
    """Names of classes, properties and groups by IRI.

    ``incoming``: the properties by which records may refer to those of a class. ``essentials``: the properties that a
    page tells first. ``apart``: those that pages show in places of their own.
    """

    properties: dict[str, PropertyLabel]
    classes: dict[str, ClassLabel]
    groups: dict[str, GroupLabel]
    incoming: dict[str, list[str]]
    essentials: list[str]
    apart: list[str]


@closed
class FieldOption(TypedDict):
    """A concept that a field may have."""

    iri: str
    notation: str
    label: Texts


@closed
class FieldTarget(TypedDict):
    """A record type that a field may refer to."""

    segment: str
    label: Texts


@closed
class RecordField(TypedDict):
    """A field of a record type, see :class:`ingest.model.Field`."""

    term: str
    property: str
    shape: str
    name: Texts
    help: Texts
    kind: str
    many: bool
    required: bool
    derived: bool
    maximum: float | None
    pattern: str | None
    options: list[FieldOption]
    types: list[FieldTarget]
    example: str | None


RecordType = TypedDict(
    "RecordType",
    {
        "name": str,
        "class": str,
        "shape": str,
        "segment": str,
        "label": Texts,
        "dataset": str | None,
        "records": int,
        "key": str,
        "example": ExampleRecord | None,
        "fields": list[RecordField],
    },
)
"""A record type and its fields."""


@closed
class Rule(TypedDict):
    """A shape: what it is about, what it says, and its constraints as pairs of a kind and a value."""

    anchor: str
    name: PartialTexts
    help: PartialTexts
    message: PartialTexts
    severity: str
    path: str | None
    constraints: list[tuple[str, str]]
    shared: NotRequired[bool]


@closed
class Derivation(TypedDict):
    """A rule by which statements are derived."""

    anchor: str
    label: PartialTexts


@closed
class TypeRules(TypedDict):
    """The shapes of a record type."""

    name: str
    shape: str
    label: Texts
    segment: str
    message: PartialTexts
    fields: list[Rule]
    checks: list[Rule]
    derivations: list[Derivation]


@closed
class Rules(TypedDict):
    """All shapes; those that several types use stand apart."""

    shared: list[Rule]
    types: list[TypeRules]


@closed
class ConceptMatch(TypedDict):
    """A concept elsewhere; ``relation`` is the prefixed name of a mapping property of SKOS."""

    relation: str
    iri: str
    label: PartialTexts


@closed
class SchemeConcept(TypedDict):
    """A concept; ``matches``: concepts elsewhere, ``used``: by how many records, by segment of their type."""

    iri: str
    anchor: str
    notation: str
    label: Texts
    other: dict[str, list[str]]
    definition: Texts
    matches: list[ConceptMatch]
    used: dict[str, int]
    narrower: list[SchemeConcept]


@closed
class Scheme(TypedDict):
    """A concept scheme."""

    name: str
    iri: str
    title: Texts
    description: Texts
    issued: str
    license: str
    sources: list[str]
    concepts: list[SchemeConcept]
    count: int


@closed
class VocabularyVersion(TypedDict):
    """What a version of the vocabulary changed."""

    number: str
    date: str
    de: list[str]
    en: list[str]


@closed
class VocabularyDifference(TypedDict):
    """Terms that the release before did not have, or had otherwise."""

    added: list[str]
    removed: list[str]
    changed: list[str]


@closed
class UsedProperty(TypedDict):
    """A property that records of a class may have."""

    property: str
    names: Texts
    required: bool
    many: bool
    field: str


@closed
class VocabularyClass(TypedDict):
    """A class, the classes above and below it, and its record type if it has one."""

    name: str
    iri: str
    label: Texts
    definition: Texts
    matches: list[str]
    uses: int
    above: list[str]
    below: list[str]
    record: str | None
    dataset: str | None
    example: ExampleRecord | None
    properties: list[UsedProperty]


UsingType = TypedDict("UsingType", {"class": str, "segment": str, "field": str, "names": Texts})
"""A record type whose records may have a property."""


@closed
class VocabularyProperty(TypedDict):
    """A property."""

    name: str
    iri: str
    label: Texts
    definition: Texts
    matches: list[str]
    uses: int
    kind: str
    above: list[str]
    domain: list[str]
    range: list[str]
    used_in: list[UsingType]


@closed
class VocabularyMetric(TypedDict):
    """A measure of quality."""

    name: str
    iri: str
    label: Texts
    definition: Texts
    matches: list[str]


@closed
class ExternalTerm(TypedDict):
    """A term of another vocabulary that records use."""

    name: str
    iri: str
    used_in: list[str]
    uses: int


@closed
class VocabularyPage(TypedDict):
    """Our vocabulary."""

    iri: str
    version: str
    title: Texts
    description: Texts
    issued: str
    license: str
    versions: list[VocabularyVersion]
    difference: VocabularyDifference
    classes: list[VocabularyClass]
    properties: list[VocabularyProperty]
    metrics: list[VocabularyMetric]
    external: list[ExternalTerm]
