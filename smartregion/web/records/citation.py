"""How to cite a record: as text and as BibTeX."""

from __future__ import annotations

import re
from dataclasses import dataclass

from publish.releases.contents import SCHEMA_ORG
from smartregion.web.http.language import day, gettext, language
from smartregion.web.site.site import published


@dataclass(frozen=True)
class Citation:
    """A citation; ``licence`` is the address of the licence, if the dataset has one."""

    text: str
    bibtex: str
    licence: str | None


def cite(iri: str, title: str, dataset: str | None, modified: str | None) -> Citation:
    """A citation of a record.

    :param dataset: name of its dataset.
    :param modified: day of its last change, ``YYYY-MM-DD``; by default that of the release.
    """
    described = published().read(SCHEMA_ORG)[language()].get(dataset or "", {})
    publisher = str(described.get("publisher", {}).get("name", ""))
    date = modified or published().release.manifest.modified
    inside = str(described.get("name", ""))
    parts = [f"{publisher} ({date[:4]})" if publisher else f"({date[:4]})", f"„{title}“", inside]
    as_of = gettext("Stand %(date)s", date=day(date))
    text = f"{'. '.join(part for part in parts if part)}, {as_of}. {iri}"
    fields = {
        "author": f"{{{_tex(publisher)}}}" if publisher else "",
        "title": f"{{{_tex(title)}}}",
        "howpublished": _tex(inside),
        "year": date[:4],
        "url": iri,
        "note": _tex(as_of),
    }
    key = re.sub(r"[^a-z0-9]+", "-", iri.rpartition("/id/")[2].lower())
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
    bibtex = "\n".join([f"@misc{{{key},", ",\n".join(lines), "}"])
    return Citation(text, bibtex, described.get("license"))


def _tex(text: str) -> str:
    """Escape a text for TeX."""
    return re.sub(r"([&%$#_{}])", r"\\\1", text.replace("\\", r"\textbackslash ")).replace("~", r"\textasciitilde ")
