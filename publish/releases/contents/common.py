"""What types of contents share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

_Type = TypeVar("_Type")

closed: Callable[[type[_Type]], type[_Type]] = with_config(ConfigDict(extra="forbid"))
"""Forbids keys that a type does not have."""


@closed
class Texts(TypedDict):
    """A text in both languages."""

    de: str
    en: str


@closed
class PartialTexts(TypedDict, total=False):
    """A text in one of the languages, in both, or in none."""

    de: str
    en: str


@closed
class ExampleRecord(TypedDict):
    """A published record, with its IRI relative to ``{base}id/``."""

    id: str
    title: str
