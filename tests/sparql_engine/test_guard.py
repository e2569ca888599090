"""What the guard refuses, and that nothing a real parser takes for SERVICE gets past it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Set

import pyoxigraph as ox
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from sparql_engine import Limits, QueryError, QueryRejected, QueryTooDeep, QueryTooLong, ServiceRefused, UpdateRefused
from sparql_engine.guard import Query, prepare
from sparql_engine.remote import RemoteEngine

REMOTE = "<http://127.0.0.1:9/sparql>"
PREFIXES = "PREFIX ex: <http://127.0.0.1:9/> PREFIX : <http://127.0.0.1:9/>"


ALLOWED = "http://127.0.0.1:7/sparql"


def check(text: str, length: int = 100_000, depth: int = 64, services: Set[str] = frozenset()) -> Query:
    return prepare(text, length=length, depth=depth, services=services)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("SELECT * WHERE { ?s ?p ?o }", "select"),
        ("select(1 as ?x){}", "select"),
        ("ASK{}", "ask"),
        ("# SELECT\nASK {}", "ask"),
        ("BASE <http://a/> PREFIX select: <http://b/> CONSTRUCT WHERE { ?s ?p ?o }", "construct"),
        ("PREFIX : <urn:x#>DESCRIBE :y", "describe"),
    ],
)
def test_the_form_of_a_query_is_found_behind_its_prologue(text: str, form: str) -> None:
    assert check(text).form == form


def test_what_a_query_depends_on_is_found() -> None:
    assert check("SELECT * FROM <http://g> { ?s ?p ?o }").names_dataset
    assert not check('SELECT * { ?from ?p "FROM", ex:from }').names_dataset
    assert check("SELECT (NOW() AS ?n) {}").volatile
    assert check("SELECT (struuid() AS ?n) {}").volatile
    assert not check("SELECT ?now { ?now <http://x/rand> 'UUID()' } # NOW()").volatile


@pytest.mark.parametrize(
    "word", ["INSERT DATA", "DELETE", "LOAD <http://x>", "CLEAR ALL", "CREATE GRAPH <g>", "DROP ALL"]
)
def test_updates_are_refused_as_such(word: str) -> None:
    for prologue in ("", "PREFIX ask: <http://x/>\n# SELECT\n", "BASE<http://x/>"):
        with pytest.raises(UpdateRefused):
            check(f"{prologue}{word} {{ <a> <b> <c> }}")


@pytest.mark.parametrize("text", ["", "   ", "hello", "PREFIX x: <y>", "{}", "SELECTED * {}", "ASK {}\0"])
def test_what_is_no_query_is_rejected(text: str) -> None:
    with pytest.raises(QueryRejected):
        check(text)


@pytest.mark.parametrize("quote", ["'", '"', "'''", '"""'])
def test_a_string_without_end_is_rejected(quote: str) -> None:
    with pytest.raises(QueryRejected, match="has no end"):
        check(f"ASK {{ ?s ?p {quote}a }}")


def test_length_is_counted_in_characters() -> None:
    text = "ASK { ?s ?p 'ääää' }"
    assert check(text, length=len(text))
    with pytest.raises(QueryTooLong) as caught:
        check(text + " ", length=len(text))
    assert (caught.value.kind, caught.value.limit, caught.value.value) == ("query-too-long", "length", len(text))


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("{", "}"),
        ("(", ")"),
        ("[", "]"),
        ("<< ", " >>"),
        ("!", ""),
        ("! ", ""),
        ("!#x\n", ""),
        ("-", ""),
        ("^", ""),
    ],
)
def test_nesting_and_runs_of_signs_are_limited(opening: str, closing: str) -> None:
    assert check(f"ASK {{{opening * 63}{closing * 63}}}")
    with pytest.raises(QueryTooDeep) as caught:
        check(f"ASK {{{opening * 3000}{closing * 3000}}}")
    assert (caught.value.limit, caught.value.value) == ("depth", 64)


def test_brackets_in_strings_comments_iris_and_names_do_not_nest() -> None:
    many = "{" * 500
    assert check(f"ASK {{ ?s <http://x/{'(' * 500}> \"{many}\", '''{many}\n''', \"\\\"{many}\" }} # {many}")
    assert check("ASK { ?s ?p ex:" + "\\(" * 500 + " }")
    assert check("ASK {" + "{}" * 500 + "}")


DISGUISES = [
    "SERVICE {r} {{ ?a ?b ?c }}",
    "SERVICE{r}{{?a ?b ?c}}",
    "sErViCe SILENT {r} {{ ?a ?b ?c }}",
    "SERVICESILENT{r}{{?a ?b ?c}}",
    "SERVICE # comment {{\n {r} {{ ?a ?b ?c }}",
    "# \rSERVICE {r} {{ ?a ?b ?c }}",
    "{{ {{ SERVICE {r} {{ ?a ?b ?c }} }} }}",
    "{{ SELECT * {{ SERVICE {r} {{ ?a ?b ?c }} }} }}",
    "OPTIONAL{{SERVICE{r}{{?a ?b ?c}}}}",
    "FILTER EXISTS {{ SERVICE {r} {{ ?a ?b ?c }} }}",
    "GRAPH ?g {{ SERVICE {r} {{ ?a ?b ?c }} }}",
    "VALUES ?x {{ {r} }} SERVICE ?x {{ ?a ?b ?c }}",
    "VALUES ?x {{ {r} }} SERVICE?x{{?a ?b ?c}}",
    "SERVICE:x {{ ?a ?b ?c }}",
    "SERVICEex:x {{ ?a ?b ?c }}",
    "SERVICE ex:x {{ ?a ?b ?c }}",
    "?s ?p graph:y SERVICEex:x {{ ?a ?b ?c }}",
    "?s ?p 1SERVICE{r}{{?a ?b ?c}}",
    "?s ?p trueSERVICE{r}{{?a ?b ?c}}",
    "?s ?p true.SERVICE{r}{{?a ?b ?c}}",
    "FILTER(1<?b)SERVICE#>\n{r} {{ ?a ?b ?c }}",
    "FILTER(1<?b&&?c='x>')SERVICE {r} {{ ?a ?b ?c }}",
    "FILTER(1 <#>'''\n?b) SERVICE {r} {{ ?a ?b ?c }} #'''\n",
    "FILTER(1<'x>' || ?c)SERVICE {r} {{ ?a ?b ?c }} #'\n",
    "?a ?b ex:a\\' SERVICE {r} {{ ?a ?b ?c }} #'\n",
    '?a ?b "\\"" SERVICE {r} {{ ?a ?b ?c }} #"\n',
    "?a ?b '''''' SERVICE {r} {{ ?a ?b ?c }}",
    "?a ?b '\\\\' SERVICE {r} {{ ?a ?b ?c }}",
    "\\u0053ERVICE {r} {{ ?a ?b ?c }}",
    "\\U00000053ERVICE {r} {{ ?a ?b ?c }}",
]


@pytest.mark.parametrize("disguise", DISGUISES)
def test_service_is_refused_in_disguise(disguise: str) -> None:
    body = disguise.format(r=REMOTE)
    text = f"{PREFIXES} PREFIX graph: <urn:x> SELECT * {{ {body} }}"
    with pytest.raises((ServiceRefused, QueryRejected)):
        check(text)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { ?s a <https://schema.org/Service> ; ?p \"SERVICE\", '''SERVICE <x> {''' } # SERVICE <x> {",
        "PREFIX service: <http://x/#> PREFIX u: <urn:x#> SELECT * { ?service service:service u:service, $service }",
        'SELECT * { ?s <http://x/service/a#b> "a"@service . ?s ?p _:service }',
        "SELECT * { GRAPH service:g { ?s ?p ?o } }",
        "SELECT * FROM service:g { ?s ?p ?o }",
        'SELECT * { ?s <https://schema.org/serviceType> "\\u00e4" }',
    ],
)
def test_the_word_service_alone_does_no_harm(text: str) -> None:
    assert check(text).form == "select"


FRAGMENTS = st.sampled_from(
    [
        *["SERVICE", "service", "SILENT", REMOTE, "<", ">", "#", "\n", "\r", " ", "'", '"', "'''", '"""', "\\'", "\\"],
        *[
            "{",
            "}",
            "(",
            ")",
            "?a",
            "?b ?c",
            ".",
            ";",
            "ex:",
            "ex:x",
            ":",
            "FILTER(",
            "1",
            "true",
            "&&",
            "<#>",
            "<?b",
            "='",
        ],
        *[
            "OPTIONAL",
            "{?a ?b ?c}",
            "BIND(",
            " AS ?z)",
            "_:b",
            "@en",
            "VALUES ?x {",
            "UNION",
            "GRAPH ?g",
            "EXISTS",
            "||",
            "!",
        ],
    ]
)


CALLS = st.tuples(
    st.sampled_from(["SERVICE", "service ", "SERVICEex:x", "SERVICE:x", "SERVICE#>\n", "1SERVICE ", "SERVICE ex:x"]),
    st.sampled_from(["", REMOTE, "?b"]),
    st.sampled_from(["{?a ?b ?c}", " { ?a ?b ?c }", "{}"]),
).map("".join)


@pytest.mark.slow
@settings(max_examples=1500, deadline=None)
@given(st.lists(FRAGMENTS, max_size=5).map("".join), CALLS, st.lists(FRAGMENTS, max_size=4).map("".join))
def test_no_text_that_makes_the_parser_call_a_server_gets_past(before: str, call: str, after: str) -> None:
    """Differential: port 9 is refused by the HTTP client before it connects, so a call shows as that error."""
    middle = before + call + after
    text = f"{PREFIXES} SELECT * {{ {middle}\n }}"
    try:
        for _ in _store().query(text):  # type: ignore[union-attr]
            pass
    except SyntaxError:
        return
    except (OSError, RuntimeError) as error:
        assert "port 9" in str(error) or "service name" in str(error)
        event("called")
        with pytest.raises(QueryError):
            check(text)


@pytest.mark.parametrize(
    "clause",
    [
        f"SERVICE <{ALLOWED}> {{ ?s ?p ?o }}",
        f"service silent<{ALLOWED}>{{ ?s ?p ?o }}",
        f"{{ SELECT * {{ SERVICE # comment\n<{ALLOWED}> {{ ?s ?p ?o }} }} }}",
        f"SERVICE <{ALLOWED}> {{ ?s ?p 'SERVICE {REMOTE} {{' }} # SERVICE {REMOTE} {{",
    ],
)
def test_an_allowed_service_is_named_and_makes_the_answer_volatile(clause: str) -> None:
    query = check(f"SELECT * {{ {clause} }}", services={ALLOWED})
    assert query.services == {ALLOWED}
    assert query.volatile
    with pytest.raises(ServiceRefused, match="no other server"):
        check(f"SELECT * {{ {clause} }}")


@pytest.mark.parametrize("disguise", DISGUISES)
def test_an_allowed_service_does_not_hide_another(disguise: str) -> None:
    allowed = f"SERVICE SILENT <{ALLOWED}> {{ ?x ?y ?z }}"
    for body in (f"{allowed} {disguise.format(r=REMOTE)}", f"{disguise.format(r=REMOTE)} {allowed}"):
        with pytest.raises((ServiceRefused, QueryRejected)):
            check(f"{PREFIXES} PREFIX graph: <urn:x> SELECT * {{ {body} }}", services={ALLOWED})


@pytest.mark.parametrize("address", [f"<{ALLOWED}/>", f"<{ALLOWED}#>", "<sparql>", "?x", "ex:sparql", f"'{ALLOWED}'"])
def test_an_allowed_service_is_written_exactly_so(address: str) -> None:
    text = f"BASE <http://127.0.0.1:7/> PREFIX ex: <http://127.0.0.1:7/> ASK {{ SERVICE {address} {{ ?s ?p ?o }} }}"
    with pytest.raises(ServiceRefused, match=ALLOWED):
        check(text, services={ALLOWED})


@pytest.mark.slow
@settings(max_examples=1500, deadline=None)
@given(
    st.lists(st.one_of(FRAGMENTS, st.just(f"SERVICE SILENT <{ALLOWED}> {{}}")), max_size=5).map("".join),
    CALLS,
    st.lists(st.one_of(FRAGMENTS, st.just(f" SERVICE<{ALLOWED}>")), max_size=4).map("".join),
)
def test_no_text_that_makes_the_parser_call_another_server_gets_past(before: str, call: str, after: str) -> None:
    """Differential: as above, with one server that may be called, on a port that is refused just so."""
    text = f"{PREFIXES} SELECT * {{ {before}{call}{after}\n }}"
    try:
        for _ in _store().query(text):  # type: ignore[union-attr]
            pass
    except SyntaxError:
        return
    except (OSError, RuntimeError) as error:
        if "port 9" not in str(error):
            return
        event("called")
        with pytest.raises(QueryError):
            check(text, services={ALLOWED})


def _store() -> ox.Store:
    store = ox.Store()
    store.add(ox.Quad(ox.NamedNode("urn:a"), ox.NamedNode("urn:b"), ox.Literal(1)))
    return store


@pytest.mark.parametrize(
    "unit",
    [
        "{",
        "a.",
        "?a<",
        "<a",
        "<#",
        '"" ',
        "\\\\",
        "service:a ",
        "#\n",
        "! ",
        "@a-",
        ":",
        "%41",
        " ",
        "<<",
        "''' '''",
        "a-",
        "<x ",
    ],
)
def test_reading_takes_linear_time(unit: str) -> None:
    """Ten times the text takes about ten times as long, not a hundred times."""

    def seconds(count: int) -> float:
        text = "ASK { service:x " + unit * (count // len(unit))
        started = time.perf_counter()
        with contextlib.suppress(QueryError):
            check(text, length=10**7, depth=10**7)
        return time.perf_counter() - started

    short = min(seconds(20_000) for _ in range(3))
    assert min(seconds(200_000) for _ in range(2)) < max(40 * short, 0.2)


@pytest.mark.parametrize(
    "text",
    [
        'SELECT (bif:http_get("http://127.0.0.1/") AS ?x) {}',
        "PREFIX x: <BIF:> SELECT (x:http_get(1) AS ?x) {}",
        "BASE <sql:> SELECT (<a>(1) AS ?x) {}",
        "SELECT (<b\\u0069f:http_get>(1) AS ?x) {}",
    ],
)
def test_a_remote_engine_refuses_functions_of_the_server_itself(text: str) -> None:
    """Virtuoso's bif:http_get fetched an internal address and handed the page to the client."""
    with pytest.raises(ServiceRefused):
        RemoteEngine("http://127.0.0.1:9/query", Limits(), lambda: "1", tuple).prepare(text)
