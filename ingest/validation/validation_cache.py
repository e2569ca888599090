"""Results of earlier validations, so that only what has changed is validated again.

What pyshacl says of a record depends on the record, on those that its shapes can see, which are all that it is given,
and on what is the same for all records: shapes, vocabulary, software, base IRI, and the day (a shape asks for NOW()).
A result is kept under a hash of all this, so it never becomes wrong; what is not asked for is left out the next time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ingest.rdf import Node
from ingest.validation.shacl import ValidationResult


class ValidationCache:
    """The results of one build, for the next.

    :param file: where they are; it may be deleted at any time, and one that is damaged counts as none.
    :param made_with: hash of all that they depend on besides records.
    """

    def __init__(self, file: Path, made_with: str) -> None:
        self._file = file
        self._made_with = made_with
        self._digests: dict[str, bytes] = {}
        self._results = self._read()

    def key(self, record: Node, seen: Iterable[Node]) -> str:
        """The key of a record's results.

        :param seen: the other records that its shapes can see.
        """
        parts = [self._made_with.encode(), self._digest(record), *sorted(map(self._digest, seen))]
        return hashlib.sha256(b"".join(parts)).hexdigest()

    def _digest(self, record: Node) -> bytes:
        """SHA-256 of a record; each one is read once, however many others see it."""
        if record["id"] not in self._digests:
            self._digests[record["id"]] = hashlib.sha256(json.dumps(record, sort_keys=True).encode()).digest()
        return self._digests[record["id"]]

    def get(self, key: str) -> list[ValidationResult] | None:
        """The results under a key, or None if they are not known."""
        found = self._results.get(key)
        return None if found is None else [ValidationResult(**result) for result in found]

    def replace(self, results: Mapping[str, Iterable[ValidationResult]]) -> None:
        """Keep these results and no others."""
        self._results = {key: [asdict(result) for result in found] for key, found in results.items()}
        body = json.dumps(self._results, ensure_ascii=False).encode()
        fresh = self._file.with_name(f".{self._file.name}")
        # After a power failure the checksum tells whether it is whole; it may be lost at any time.
        fresh.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
        fresh.replace(self._file)

    def _read(self) -> dict[str, list[dict[str, Any]]]:
        try:
            checksum, _, body = self._file.read_bytes().partition(b"\n")
        except FileNotFoundError:
            return {}
        if hashlib.sha256(body).hexdigest().encode() != checksum:
            return {}
        found: dict[str, list[dict[str, Any]]] = json.loads(body)
        return found
