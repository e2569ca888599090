"""The JSON files of a release that are read back: the type and the version of each.

Builds write them; pages and the next build read them with :meth:`publish.releases.release.Release.read`. Whoever
changes a type raises its version: releases that were written before are then those of another version of the software.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

from pydantic import TypeAdapter

from publish.releases.contents.model import ClassLabels, RecordType, Rules, Scheme, VocabularyPage
from publish.releases.contents.pages import Completeness, Completion, Figures, MapOfAreas, Neighbours, Overview
from publish.releases.contents.reports import Assessment, KindOfFinding, Mims, QualityReport, StatusReport
from publish.releases.contents.sync import Cuts, RecordHistory

T = TypeVar("T")


@dataclass(frozen=True)
class ReleaseContent(Generic[T]):
    """A file that is read back.

    :ivar name: below ``files/``.
    :ivar type: of its content.
    :ivar version: of the type.
    :ivar public: whether it has an address; the others are for pages and for the next build.
    """

    name: str
    type: type[T]
    version: int = 1
    public: bool = False

    @cached_property
    def adapter(self) -> TypeAdapter[T]:
        """Reads and describes the content; made when it is first asked for."""
        return TypeAdapter(self.type)


ASSESSMENT: Final = ReleaseContent("mqa.json", Assessment | None)  # type: ignore[arg-type]
COMPLETENESS: Final = ReleaseContent("completeness.json", Completeness)
COMPLETION: Final = ReleaseContent("completion.json", Completion, public=True)
CUTS: Final = ReleaseContent("navigator/cuts.json", Cuts)
FIGURES: Final = ReleaseContent("figures.json", Figures)
FINDINGS: Final = ReleaseContent("findings.json", dict[str, KindOfFinding], public=True)
HISTORY: Final = ReleaseContent("history.json", RecordHistory)
LABELS: Final = ReleaseContent("labels.json", ClassLabels)
MAP: Final = ReleaseContent("map.json", MapOfAreas)
MIMS: Final = ReleaseContent("mims.json", Mims)
NEIGHBOURS: Final = ReleaseContent("neighbours.json", Neighbours, version=2)
OVERVIEW: Final = ReleaseContent("overview.json", Overview)
QUALITY: Final = ReleaseContent("quality.json", QualityReport, public=True)
RECORDS: Final = ReleaseContent("records.json", list[RecordType])
RULES: Final = ReleaseContent("rules.json", Rules)
SCHEMA_ORG: Final = ReleaseContent("schema-org.json", dict[str, dict[str, dict[str, Any]]])
SCHEMES: Final = ReleaseContent("schemes.json", dict[str, Scheme])
STATUS: Final = ReleaseContent("status.json", StatusReport)
VOCABULARY: Final = ReleaseContent("vocabulary.json", VocabularyPage)

CONTENTS: Final[dict[str, ReleaseContent[Any]]] = {
    content.name: content
    for content in (
        *(ASSESSMENT, COMPLETENESS, COMPLETION, CUTS, FIGURES, FINDINGS, HISTORY, LABELS, MAP, MIMS, NEIGHBOURS),
        *(OVERVIEW, QUALITY, RECORDS, RULES, SCHEMA_ORG, SCHEMES, STATUS, VOCABULARY),
    )
}
"""By name."""

VERSIONS: Final = {name: content.version for name, content in CONTENTS.items()}

INTERNAL: Final = frozenset(name for name, content in CONTENTS.items() if not content.public)
"""Those that have no address; all other files of a release are public."""
