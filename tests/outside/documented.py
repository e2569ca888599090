"""What the documentation has people type, and what it says comes out.

Every fenced block has a language, which says what becomes of it here:

``console``    lines that begin with ``$`` are commands, what follows each is what it prints, shortened perhaps
``sh``         commands; a block ``csv`` after it is what they print
``sparql``     a query for the endpoint; a block ``csv`` after it is the answer
``python``     a program
others         read by people only (``text``, ``json``, ``ini``, ...)

``sh`` or ``console`` with words after it, such as ``sh needs Virtuoso``, is not run, and the words say why.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Final

RUN: Final = ("console", "sh", "sparql", "python")
READ: Final = ("text", "csv", "json", "ini", "nginx", "turtle", "xml")

_FENCE: Final = re.compile(r"^```(\S*) ?([^\n]*)\n(.*?)^```$", re.M | re.S)
_PROMPT: Final = "$ "
_VARIABLE: Final = re.compile(r"\d[\d.,:TZ-]*|\b[0-9a-f]{16,}\b")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    :ivar place: file and line, for people.
    :ivar excuse: why it is not run.
    """

    place: str
    language: str
    excuse: str
    text: str


@dataclass(frozen=True)
class Step:
    """Something to do, and what is printed of the result; nothing where nothing is printed.

    :ivar kind: one of :data:`RUN`.
    """

    place: str
    kind: str
    text: str
    expected: str

    def __str__(self) -> str:
        return f"{self.place} {self.text.splitlines()[0][:60]}"


def blocks(path: Path, root: Path) -> list[Block]:
    """The fenced blocks of a page."""
    text = path.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        found.append(Block(f"{path.relative_to(root)}:{line}", match[1], match[2].strip(), match[3]))
    return found


def steps(path: Path, root: Path) -> Iterator[Step]:
    """What a page has people do, in its order."""
    listed = blocks(path, root)
    for block, following in zip_longest(listed, listed[1:]):
        if block.language not in RUN or block.excuse:
            continue
        if block.language == "console":
            for part in re.split(r"^\$ ", block.text, flags=re.M)[1:]:
                command, _, expected = part.partition("\n")
                yield Step(block.place, "sh", command, expected)
            continue
        answer = following.text if following and following.language == "csv" else ""
        if block.language == "sh" and not answer:
            for command in _commands(block.text):
                yield Step(block.place, "sh", command, "")
        else:
            yield Step(block.place, block.language, block.text, answer)


def _commands(text: str) -> list[str]:
    """The commands of a block, each with its continuation lines and without its comment."""
    joined = text.replace("\\\n", " ")
    return [line for line in (re.sub(r"(^|\s)# .*", "", line).strip() for line in joined.splitlines()) if line]


def masked(text: str) -> str:
    """The text with all numbers, dates and hashes alike, and all white space one space: what living data may change."""
    return " ".join(_VARIABLE.sub("0", text).split())


def missing(expected: str, printed: str) -> list[str]:
    """What should be printed, in this order, and is not; ``...`` and ends of lines stand for anything."""
    left, there = [], masked(printed)
    for line in expected.splitlines():
        for fragment in line.split("..."):
            # A line that is left out before or after it changes its punctuation.
            wanted = masked(fragment).rstrip(" ;,.")
            if not wanted:
                continue
            _, found, after = there.partition(wanted)
            if found:
                there = after
            else:
                left.append(fragment.strip())
    return left


def same_table(expected: str, printed: str) -> bool:
    """Whether two CSV answers have the same header and both have rows; what is in them is living data."""
    wanted, found = expected.strip().splitlines(), printed.strip().splitlines()
    return bool(found) and found[0] == wanted[0] and (len(found) > 1) == (len(wanted) > 1)
