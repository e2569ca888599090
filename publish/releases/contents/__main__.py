"""Write the JSON Schemas of the public contents, and what version each content has, into a directory: make schemas."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from publish.releases.contents import CONTENTS, ReleaseContent

VERSIONS = "versions.json"


def schema(content: ReleaseContent[Any]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a content."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **content.adapter.json_schema()}


def versions() -> dict[str, dict[str, int | str]]:
    """The version of each content, and the SHA-256 of its schema."""
    return {name: {"version": content.version, "schema": _digest(content)} for name, content in CONTENTS.items()}


def unraised(before: dict[str, dict[str, int | str]]) -> list[str]:
    """Contents whose type has changed since their versions were written, while the version has not."""
    now = versions()
    return [
        name
        for name in before.keys() & now.keys()
        if before[name]["version"] == now[name]["version"] and before[name]["schema"] != now[name]["schema"]
    ]


def _digest(content: ReleaseContent[Any]) -> str:
    return hashlib.sha256(json.dumps(schema(content), sort_keys=True).encode()).hexdigest()


def _write(path: Path, document: object) -> None:
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def main(directory: Path) -> None:
    """Write them.

    :raises SystemExit: a type has changed, but its version has not.
    """
    known = directory / VERSIONS
    if known.exists() and (names := unraised(json.loads(known.read_text(encoding="utf-8")))):
        raise SystemExit(f"Raise the version in publish/releases/contents/__init__.py of: {', '.join(sorted(names))}")
    _write(known, versions())
    for name, content in CONTENTS.items():
        if content.public:
            _write(directory / name.replace(".json", ".schema.json"), schema(content))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
