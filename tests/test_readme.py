"""The README's queries give the README's answers."""

from __future__ import annotations

import re

import pyoxigraph as ox
import pytest
from support import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"(PREFIX sr:.*?LIMIT 10|(?<=```sparql\n).*?)(?:'\n|\n)```\n\n```\n(.*?)```", README, re.S)


def test_there_are_three_queries() -> None:
    assert len(QUERIES) == 3


@pytest.mark.parametrize(("query", "answer"), QUERIES)
def test_a_query_gives_the_printed_answer(store: ox.Store, query: str, answer: str) -> None:
    result = store.query(query, use_default_graph_as_union=True)
    assert isinstance(result, ox.QuerySolutions)
    text = result.serialize(format=ox.QueryResultsFormat.CSV)
    assert text is not None
    assert text.decode().replace("\r\n", "\n") == answer
