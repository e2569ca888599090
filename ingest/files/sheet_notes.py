"""What the values of a sheet do not tell, whatever format its file has."""

from __future__ import annotations

from dataclasses import dataclass, field

from ingest.files.number_formats import Shown
from ingest.findings.findings import Place


@dataclass
class Notes:
    """What values do not tell of a sheet; see :class:`ingest.files.grids.Grid`.

    :ivar shown: cells whose format shows percent, or less of a date than its value has.
    """

    formulas: dict[Place, str] = field(default_factory=dict)
    errors: dict[Place, str] = field(default_factory=dict)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)
    shown: dict[Place, Shown] = field(default_factory=dict)
