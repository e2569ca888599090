"""What the build counts and draws for pages; numbers that may be long are texts."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from publish.releases.contents.common import PartialTexts, Texts, closed


@closed
class DrawingPlane(TypedDict):
    """From degrees to units of the drawing."""

    west: float
    north: float
    right: float
    down: float


@closed
class Room(TypedDict):
    """The largest circle inside an area, in units of the drawing."""

    x: int
    y: int
    r: int


@closed
class DrawnArea(TypedDict):
    """An area as SVG path data; ``record`` is an IRI relative to ``{base}id/``."""

    record: str
    name: str
    room: Room
    path: str


@closed
class MapOfAreas(TypedDict):
    """The map of the districts; official if the operator supplied their boundaries."""

    width: int
    height: int
    plane: DrawingPlane
    official: bool
    areas: list[DrawnArea]


@closed
class FigureThing(TypedDict):
    """What a row of a figure is about; ``iri`` is empty for a value without one."""

    iri: str
    names: PartialTexts


@closed
class FigureRow(TypedDict):
    """A row of a figure: things and values in the order of its columns."""

    things: list[FigureThing]
    values: list[str]


@closed
class FigureTable(TypedDict):
    """A figure: what it tells, the query that gives the same, and its rows."""

    name: str
    title: Texts
    text: Texts
    query: str
    things: list[str]
    columns: list[str]
    rows: list[FigureRow]


@closed
class Figures(TypedDict):
    """The tables of the pictures, and the names of their columns."""

    columns: dict[str, Texts]
    figures: list[FigureTable]


@closed
class OverviewProject(TypedDict):
    """A project on the start page; ``granted`` is in euros."""

    iri: str
    title: PartialTexts
    lead: str
    fields: list[Texts]
    granted: str | None
    date: str | None


@closed
class OverviewPlace(TypedDict):
    """A municipality that leads projects; ``point`` is longitude and latitude."""

    iri: str
    name: str
    projects: int
    point: tuple[float, float]


@closed
class Overview(TypedDict):
    """What the start page tells; ``granted`` is in euros."""

    projects: int
    municipalities: int
    participants: int
    grants: int
    granted: str
    programmes: int
    newest: list[OverviewProject]
    best: list[OverviewProject]
    places: list[OverviewPlace]


@closed
class ThemeProjects(TypedDict):
    """Projects of a theme: the newest, how many, and what grants for a single one of them came to, in euros.

    ``amounts``: the least, the middle and the largest, if any is ``known``.
    """

    projects: list[str]
    count: int
    amounts: list[str]
    known: int


@closed
class Neighbours(TypedDict):
    """What pages show beside records; IRIs are relative to ``{base}id/``.

    ``references``: by record and property, those that refer to it. ``inside``: by area. ``nearby``: by municipality and
    notation of a field of action. ``themes``: by notation of a theme.
    """

    references: dict[str, dict[str, list[str]]]
    inside: dict[str, list[str]]
    nearby: dict[str, dict[str, list[str]]]
    themes: dict[str, ThemeProjects]


@closed
class StatementCoverage(TypedDict):
    """What a funder says of its programme, and what is here of it; ``partly``: of some areas only.

    ``undated``: grants without a date, ``unknown``: grants without an amount, of those here. ``counts`` and ``sums``:
    ``agrees``, ``fewer``, ``more`` or ``open``; none where nothing is stated.
    """

    id: str
    title: Texts
    programme: str | None
    partly: bool
    projects: str | None
    amount: str | None
    missing: str | None
    searched: str | None
    grants: int
    undated: int
    unknown: int
    total: str
    counts: str | None
    sums: str | None


@closed
class ProgrammeCoverage(TypedDict):
    """Grants of a programme by year, and by field of action of their projects; the year may be empty."""

    title: Texts
    years: dict[str, int]
    fields: dict[str, int]


@closed
class SourcesRead(TypedDict):
    """How many records have a source, for how many of these it is noted when it was read, and the last such day."""

    sourced: int
    read: int
    last: str | None


@closed
class Completeness(TypedDict):
    """What is here of what funders say; programmes by IRI relative to ``{base}id/``."""

    statements: list[StatementCoverage]
    programmes: dict[str, ProgrammeCoverage]
    records: SourcesRead


@closed
class Completion(TypedDict):
    """What the query editor offers.

    Arrays instead of names, since browsers load the file: prefixed name, names by language, number of uses.
    """

    prefixes: dict[str, str]
    classes: list[list[Any]]
    properties: list[list[Any]]
    concepts: list[list[Any]]
