"""The program that checks submitted files, started by :mod:`smartregion.web.checking.processes`.

Its first process (see :mod:`sparql_engine.forking`) leaves the network and reads the existing records; for each
check it forks a process with limits of time and memory, which ends after the check. So a hostile file can end only its
own check, and leaves no state.

A process gets one job and answers with a line of JSON (kind of the answer) and bytes.
"""

from __future__ import annotations

import json
import os
import signal
import traceback
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, NoReturn

from ingest import SourcePart, by_name
from ingest.checking import fixes
from ingest.checking.submission import Submitted, check
from ingest.files.grids import SheetLimits
from ingest.findings.findings import UnreadableError
from ingest.pipeline.catalogue import CatalogueError
from ingest.pipeline.existing_records import Standing, standing
from ingest.reports.document import document
from ingest.reports.marked import marked
from ingest.reports.view import view
from ingest.validation.validation import Validator, fast, reference
from sparql_engine import forking

_MOST_ROWS: Final = 300
_LITTLE: Final = 2**24
"""Bytes: a process with less free memory has run out of memory."""

_FIRST: Final = (
    "Kennung;Titel (deutsch);Federführung;Handlungsfeld;Beginn;Ende\na;A;Hanau;Smart Energy;2024;2025\n".encode()
)

Answer = tuple[dict[str, Any], bytes]


def main() -> None:
    """Check files until the other end of the socket that :func:`sparql_engine.forking.begin` gives is closed."""
    control, start, isolated = forking.begin()
    directory = Path(start["directory"])
    validator = reference if start["reference"] else fast
    try:
        # In a release of an older version the sources have no catalogue beside them; it has no records to compare with.
        has_records = (directory / "catalogue.ttl").exists()
        there = standing(directory, start["base"]) if has_records else Standing(start["base"], (), {})
        # The first check fills caches that all forked processes share.
        _check(Submitted("first.csv", _FIRST), there, SheetLimits(), validator)
    except (CatalogueError, OSError) as error:
        control.send(["failed", str(error), isolated])
        return
    forking.serve(control, lambda connection: _serve(connection, start, there, validator), isolated=isolated)


def _serve(connection: Connection, start: dict[str, Any], there: Standing, validator: Validator) -> NoReturn:
    """Do one job."""
    limit = forking.limit_memory(start["bytes"]) + start["bytes"]
    try:
        job = connection.recv()
        signal.setitimer(signal.ITIMER_REAL, start["seconds"])
        header, body = _answer(job, there, validator)
    except EOFError:
        os._exit(0)
    except MemoryError:
        header, body = {"kind": "memory"}, b""
    except Exception:  # noqa: BLE001 - told to the server, which logs it
        # Libraries in C raise various errors when memory is exhausted.
        is_full = forking.address_space() > limit - _LITTLE
        header, body = {"kind": "memory"} if is_full else {"kind": "failed", "detail": traceback.format_exc()}, b""
    connection.send_bytes(json.dumps(header).encode() + b"\n" + body)
    connection.close()
    os._exit(0)


def _answer(job: dict[str, Any], there: Standing, validator: Validator) -> Answer:
    """The answer to a job; if a copy cannot be made, the answer is the report."""
    try:
        record_type = by_name(job["type"]) if job["type"] else None
    except KeyError:
        return {"kind": "type-unknown"}, b""
    limits = SheetLimits(**job["limits"])
    part = _check(Submitted(job["source"], job["content"], record_type), there, limits, validator)
    try:
        return _copy(part, job["content"], job["output"], limits)
    except UnreadableError:
        return _json("view", view(part, _MOST_ROWS))


def _check(sent: Submitted, there: Standing, limits: SheetLimits, validator: Validator) -> SourcePart:
    with ThreadPoolExecutor(1) as executor:
        (part,) = check([sent], there, limits, executor, lambda *_: None, validator)
    return part


def _copy(part: SourcePart, content: bytes, output: str, limits: SheetLimits) -> Answer:
    match output:
        case "marked":
            return {"kind": "marked", "suffix": "xlsx"}, marked(part, content, limits)
        case "fixed":
            copy, changes = fixes.fixed(part, content, limits)
            return {"kind": "fixed", "suffix": fixes.suffix(part, content), "changes": len(changes)}, copy
        case "document":
            return _json("document", document(part))
        case _:
            return _json("view", view(part, _MOST_ROWS))


def _json(kind: str, value: dict[str, Any]) -> Answer:
    return {"kind": kind}, json.dumps(value, ensure_ascii=False).encode()


if __name__ == "__main__":
    main()
