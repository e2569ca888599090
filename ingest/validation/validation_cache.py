"""Cache of validation results, so that a build validates only changed records.

The results of a record depend on the record, on those that its shapes use (pyshacl gets no others), and on common
inputs: shapes, vocabulary, software, base IRI, and the day (a shape uses NOW()). The cache key is a hash of all these,
so a result never becomes wrong; results that a build does not use are dropped.
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

    :param file: the file; it may be deleted at any time, and a damaged one counts as missing.
    :param made_with: hash of all inputs other than records.
    """

    def __init__(self, file: Path, made_with: str) -> None:
        self._file = file
        self._made_with = made_with
        self._digests: dict[str, bytes] = {}
        self._results = self._read()

    def key(self, record: Node, seen: Iterable[Node]) -> str:
        """The key of a record's results.

        :param seen: the other records that its shapes use.
        """
        parts = [self._made_with.encode(), self._digest(record), *sorted(map(self._digest, seen))]
        return hashlib.sha256(b"".join(parts)).hexdigest()

    def _digest(self, record: Node) -> bytes:
        """SHA-256 of a record, calculated once."""
        if record["id"] not in self._digests:
            self._digests[record["id"]] = hashlib.sha256(json.dumps(record, sort_keys=True).encode()).digest()
        return self._digests[record["id"]]

    def get(self, key: str) -> list[ValidationResult] | None:
        """The results under a key, or None if they are not known."""
        found = self._results.get(key)
        return None if found is None else [ValidationResult(**result) for result in found]

    def replace(self, results: Mapping[str, Iterable[ValidationResult]]) -> None:
        """Store these results and drop all others."""
        self._results = {key: [asdict(result) for result in found] for key, found in results.items()}
        body = json.dumps(self._results, ensure_ascii=False).encode()
        fresh = self._file.with_name(f".{self._file.name}")
        # After a power failure the checksum shows whether the file is intact; losing it does no harm.
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
