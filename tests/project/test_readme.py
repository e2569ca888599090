"""The README's queries give the README's answers."""

from __future__ import annotations

import re
from itertools import pairwise

import pyoxigraph as ox
import pytest
from outside.documented import blocks
from support import ROOT

README = [block.text for block in blocks(ROOT / "README.md", ROOT) if block.language in ("sh", "sparql", "csv")]
QUERIES = [
    (re.sub(r"(?s)^curl.*?query=\n|'\n$", "", asked), answer)
    for asked, answer in pairwise(README)
    if answer.startswith(("municipality,", "field,", "title,"))
]


def test_there_are_three_queries() -> None:
    assert len(QUERIES) == 3


@pytest.mark.parametrize(("query", "answer"), QUERIES)
def test_a_query_gives_the_printed_answer(store: ox.Store, query: str, answer: str) -> None:
    result = store.query(query, use_default_graph_as_union=True)
    assert isinstance(result, ox.QuerySolutions)
    text = result.serialize(format=ox.QueryResultsFormat.CSV)
    assert text is not None
    assert text.decode().replace("\r\n", "\n") == answer
