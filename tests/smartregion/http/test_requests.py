"""Requests as nobody should send them, to a running service: what a client says of hosts, paths and parts of files."""

from __future__ import annotations

import gzip
import re
import socket
import zlib
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote, urlsplit

import pytest
from release_fixture import write_release
from support import Service, served, some

from publish.releases.release import Releases

PAGE = "/doc/municipality/06415000"
FILE = "/dump/projects.nt"
CSV = "Schlüssel;Name\n06415000;Hanau\n".encode()


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that thinks that it is behind one proxy, which is where forwarded headers could do harm."""
    var = tmp_path_factory.mktemp("requests")
    write_release(Releases(var), "one")
    with served(var, proxies=1) as found:
        yield found


def sent(service: Service, lines: list[str] | str, body: bytes = b"") -> Answer:
    """The answer to a request of these lines, exactly as they are, in Latin-1."""
    head = lines if isinstance(lines, str) else "\r\n".join(lines)
    place = urlsplit(service.address)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=20) as connection:
        connection.sendall(head.encode("latin-1") + b"\r\nConnection: close\r\n\r\n" + body)
        received = b""
        while piece := connection.recv(2**16):
            received += piece
    top, _, content = received.partition(b"\r\n\r\n")
    status, *fields = top.decode("latin-1").split("\r\n")
    headers: dict[str, str] = {}
    for field in fields:
        name, _, value = field.partition(":")
        key = name.strip().lower()
        headers[key] = f"{headers[key]}, {value.strip()}" if key in headers else value.strip()
    return Answer(int(status.split()[1]), headers, content)


def asked(service: Service, path: str, *fields: str, method: str = "GET") -> Answer:
    return sent(service, [f"{method} {path} HTTP/1.1", "Host: localhost", *fields])


NAMES = ["localhost", "LOCALHOST:8000", "127.0.0.1:80", "[::1]:8000", "[::ffff:127.0.0.1]", "a_b.example", "x:"]
NO_NAMES = [
    "",
    "a, b",
    "a b",
    "a/b",
    "<x>",
    "user@host",
    "host:port",
    "host:99999",
    "host:123456",
    "[::1",
    "a%zz",
    "x\xff",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_request_that_names_a_host_is_answered(service: Service, name: str) -> None:
    assert sent(service, ["GET /healthz HTTP/1.1", f"Host: {name}"]).status == 200


@pytest.mark.parametrize("path", ["/healthz", PAGE, "/sparql?query=ASK%7B%7D", "/nirgends"])
@pytest.mark.parametrize(
    "fields", [[], ["Host: a", "Host: b"], ["Host: a", "Host: a"], *([f"Host: {n}"] for n in NO_NAMES)]
)
def test_a_request_that_does_not_name_one_host_is_refused(service: Service, path: str, fields: list[str]) -> None:
    asked(service, path)  # what is kept of the answer must not come back
    answer = sent(service, [f"GET {path} HTTP/1.1", *fields])
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert "problem#host-invalid" in answer.text


def test_http_1_0_needs_no_host(service: Service) -> None:
    assert sent(service, ["GET /healthz HTTP/1.0"]).status == 200
    assert sent(service, ["GET /healthz HTTP/1.0", "Host: a b"]).status == 400


def test_the_host_of_an_absolute_address_is_as_good_as_any(service: Service) -> None:
    answer = sent(service, ["GET http://evil.example/id//x//y HTTP/1.1", "Host: evil.example"])
    assert (answer.status, answer.headers["location"]) == (308, "/id/x/y")


FORWARDED = ["X-Forwarded-Host", "X-Forwarded-Prefix", "X-Forwarded-Proto", "X-Forwarded-Port"]
FORWARDED += ["X-Forwarded-Server", "Forwarded", "X-Original-URL", "X-Rewrite-URL", "X-Host", "X-Script-Name"]
HOSTILE = ["evil.example", "//evil.example", "https://evil.example/", '"><script>evil</script>', "/evil, /evil"]
PLACES = [
    *("/", PAGE, "/id/municipality/06435014", "/id//municipality//06415000", "/catalog", "/search?q=hanau"),
    *("/sparql", "/graph/projects", "/validate", "/nirgends"),
]


SAME = ("location", "etag", "vary", "link", "content-location", "content-type")


@pytest.mark.parametrize("name", FORWARDED)
@pytest.mark.parametrize("path", PLACES)
def test_no_answer_depends_on_what_a_client_says_of_the_host(service: Service, path: str, name: str) -> None:
    """Neither what is kept for others nor what comes fresh."""
    for accept in ("text/html", "*/*"):
        right = asked(service, path, f"Accept: {accept}")
        for value in some(HOSTILE):
            answer = asked(service, path, f"{name}: {value}", f"Accept: {accept}")
            assert answer.status == right.status
            assert [answer.headers.get(key) for key in SAME] == [right.headers.get(key) for key in SAME]
            assert "evil" not in str(answer.headers) + answer.text


@pytest.mark.parametrize("path", PLACES)
def test_no_answer_depends_on_the_host(service: Service, path: str) -> None:
    right = asked(service, path)
    answer = sent(service, [f"GET {path} HTTP/1.1", "Host: evil.example:81"])
    assert answer.status == right.status
    assert [answer.headers.get(key) for key in SAME] == [right.headers.get(key) for key in SAME]
    assert "evil" not in str(answer.headers) + answer.text


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/id//x//y", "/id/x/y"),
        ("/id//x/y?lang=en&q=%2F%2Fa", "/id/x/y?lang=en&q=%2F%2Fa"),
        ("//evil.example/id/x/y", "/evil.example/id/x/y"),
        ("///evil.example//..//catalog", "/evil.example/../catalog"),
        ("/\\evil.example//x", "/%5Cevil.example/x"),
        ("/%5C%5Cevil.example/", "/%5C%5Cevil.example"),
        ("/id//%0d%0aX-Evil:%20yes//y", "/id/%0D%0AX-Evil:%20yes/y"),
        ("/id//%2F%2Fevil.example", "/id/evil.example"),
    ],
)
def test_a_redirect_stays_here(service: Service, path: str, place: str) -> None:
    answer = sent(service, [f"GET {path} HTTP/1.1", "Host: evil.example"])
    assert (answer.status, answer.headers["location"]) == (308, place)
    assert "x-evil" not in answer.headers
    assert "http://evil.example" not in answer.text


WHOLE = [
    *(
        "bytes=abc",
        "bytes=5-2",
        "bytes=",
        "bytes",
        "lines=1-2",
        "bytes=0-1,4-5",
        "bytes=0-1,2-x",
        "bytes=--5",
        "bytes=1-2-3",
    ),
    *("bytes=0x1-", "bytes=\xb2-", "bytes=-", "=", "bytes 0-1", "bytes=" + "1" * 300 + "-", "bytes=" + "0-0," * 999),
]


@pytest.mark.parametrize("wanted", WHOLE)
@pytest.mark.parametrize("path", [FILE, "/static/site.css", "/catalog"])
def test_a_range_that_is_none_is_ignored(service: Service, path: str, wanted: str) -> None:
    answer = asked(service, path, f"Range: {wanted}")
    assert answer.status == 200
    assert answer.body == asked(service, path).body


@pytest.mark.parametrize(
    ("path", "coding"),
    [
        (FILE, "identity"),
        (FILE, "gzip"),
        ("/static/site.css", "identity"),
        ("/catalog", "identity"),
        ("/catalog", "br"),
    ],
)
def test_a_range_gives_what_there_is_of_it(service: Service, path: str, coding: str) -> None:
    whole = asked(service, path, f"Accept-Encoding: {coding}").body
    size = len(whole)
    expected = {
        "bytes=-99999999": (0, size),
        f"bytes=-{size}": (0, size),
        f"bytes=-{size + 1}": (0, size),
        "bytes=-1": (size - 1, size),
        "bytes=0-": (0, size),
        "bytes=0-0": (0, 1),
        "BYTES = 3-9": (3, 10),
        f"bytes=3-{size + 10}": (3, size),
    }
    for wanted, (start, end) in expected.items():
        answer = asked(service, path, f"Range: {wanted}", f"Accept-Encoding: {coding}")
        assert (answer.status, wanted) == (206, wanted)
        assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
        assert answer.body == whole[start:end]


@pytest.mark.parametrize("wanted", ["bytes=9999999-", "bytes=9999999-99999999", "bytes=-0"])
def test_a_range_beyond_the_end_cannot_be_given(service: Service, wanted: str) -> None:
    answer = asked(service, FILE, f"Range: {wanted}")
    assert answer.status == 416
    assert answer.headers["content-range"] == f"bytes */{len(asked(service, FILE).body)}"


def test_only_get_has_ranges(service: Service) -> None:
    answer = asked(service, FILE, "Range: bytes=0-1", method="HEAD")
    assert answer.status == 200
    assert int(answer.headers["content-length"]) == len(asked(service, FILE).body)


def test_a_range_of_another_version_gives_the_whole(service: Service) -> None:
    """Days are too coarse to tell two versions apart, so a date as condition is never met (RFC 9110, 13.1.5)."""
    now = asked(service, FILE)
    tag, date = now.headers["etag"], now.headers["last-modified"]
    for condition, status in ((tag, 206), ('"other"', 200), (f"W/{tag}", 200), (date, 200), ("nonsense", 200)):
        answer = asked(service, FILE, "Range: bytes=0-1", f"If-Range: {condition}")
        assert (answer.status, condition) == (status, condition)


@pytest.mark.parametrize("method", ["TRACE", "FOO", "PUT", "DELETE", "PATCH", "CONNECTION"])
def test_other_methods_are_told_what_there_is(service: Service, method: str) -> None:
    answer = asked(service, PAGE, method=method)
    assert answer.status == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    assert "localhost" not in answer.text


ODD = [
    "%00",
    "%0d%0aX-Evil: yes",
    "%ed%a0%80",
    "%ff%fe",
    "%c3%28",
    "%e2%80%ae",
    "..%2f..%2fetc%2fpasswd",
    "..%5c",
    "%2e%2e",
]
ODD += ["a" * 9000, "%F0%9F%92%A9", "%1b[31m", "<script>", "%22%3E", "{}", "\xfc", "a%", "%zz", "~", "*", "%E2%80%A8"]


@pytest.mark.parametrize("odd", [word.replace(" ", "%20") for word in ODD])
def test_odd_words_in_an_address_are_no_fault_of_the_service(service: Service, odd: str) -> None:
    places = [
        f"/{odd}",
        f"/id/{odd}/{odd}",
        f"/doc/project/{odd}.ttl",
        f"/dump/{odd}",
        f"/source/{odd}",
        f"/scheme/{odd}",
    ]
    places += [
        f"/?lang={odd}",
        f"/catalog?page={odd}&profile={odd}",
        f"/search?q={odd}&page={odd}&type={odd}&{odd}={odd}",
    ]
    places += [
        f"/search.csv?q={odd}",
        f"/sparql?query={odd}",
        f"/sparql?query=ASK%7B%7D&format={odd}",
        f"/records/{odd}",
    ]
    places += [f"/sparql?query=ASK%7B%7D&default-graph-uri={odd}", f"/navigator/projects?modified_since={odd}"]
    places += [f"/figures/{odd}.svg", f"/templates/{odd}.csv", f"/status?record={odd}", f"/search/suggest?q={odd}"]
    places += [f"/.well-known/sparql-examples/{odd}", f"/dataset/{odd}", f"/graph/{odd}", f"/static/{odd}"]
    for place in places:
        answer = asked(service, place)
        assert answer.status < 500, place
        assert "x-evil" not in answer.headers, place
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", str(answer.headers)), place


@pytest.mark.parametrize(
    "value", ["\xff\xfe", "\xfc;q=\xb2", ";;;", ",,,", "a" * 5000, '"', "q=1;q=1", "*/*;q=nan", "-1", "@"]
)
def test_odd_values_of_headers_are_no_fault_of_the_service(service: Service, value: str) -> None:
    names = [
        "Accept",
        "Accept-Language",
        "Accept-Encoding",
        "Accept-Profile",
        "If-None-Match",
        "If-Modified-Since",
        "Range",
    ]
    names += ["If-Range", "Cookie", "Origin", "X-Forwarded-For", "Content-Type", "Authorization", "Content-Disposition"]
    for name in names:
        for place in (PAGE, FILE, "/sparql?query=ASK%7B%7D"):
            assert asked(service, place, f"{name}: {value}").status < 500, name


def posted(service: Service, body: bytes, *fields: str, path: str = "/sparql") -> Answer:
    head = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", *fields]
    return sent(service, head, body)


QUERY = "Content-Type: application/sparql-query"
FORM = "Content-Type: application/x-www-form-urlencoded"
ASK = b"ASK { ?s ?p ?o }"


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "GZIP", "deflate", "identity", ""])
@pytest.mark.parametrize(
    ("kind", "text"), [(QUERY, ASK), ("Content-Type: application/x-www-form-urlencoded", b"query=ASK{}")]
)
def test_a_compressed_query_is_read(service: Service, coding: str, kind: str, text: bytes) -> None:
    pack = {"gzip": gzip.compress, "deflate": zlib.compress}.get(coding.lower().removeprefix("x-"), bytes)
    answer = posted(service, pack(text), kind, f"Content-Encoding: {coding}")
    assert (answer.status, b"boolean" in answer.body) == (200, True)


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, gzip", "nonsense"])
@pytest.mark.parametrize("path", ["/sparql", "/api/validate"])
def test_a_compression_that_is_not_read_is_said(service: Service, coding: str, path: str) -> None:
    answer = posted(service, gzip.compress(ASK), QUERY, f"Content-Encoding: {coding}", path=path)
    assert (answer.status, answer.headers["accept-encoding"]) == (415, "gzip, deflate")
    assert "problem#coding-unsupported" in answer.text


PACKED = gzip.compress(ASK, mtime=0)


@pytest.mark.parametrize("body", [ASK, PACKED[:-3], PACKED + b"more", b"", b"\x1f\x8b"])
def test_a_damaged_compressed_body_is_told_apart_from_a_wrong_query(service: Service, body: bytes) -> None:
    answer = posted(service, body, QUERY, "Content-Encoding: gzip")
    assert (answer.status, "problem#coding-damaged" in answer.text) == (400, True)


def test_a_body_that_unpacks_to_very_much_is_too_long(service: Service) -> None:
    bomb = gzip.compress(b"#" * 200_000_000)
    assert posted(service, bomb, QUERY, "Content-Encoding: gzip").status == 413
    answer = posted(service, bomb, "Content-Type: text/csv", "Content-Encoding: gzip", path="/api/validate")
    assert answer.status == 413
    assert asked(service, "/healthz").status == 200


def test_a_compressed_file_is_checked(service: Service) -> None:
    answer = posted(
        service, gzip.compress(CSV), "Content-Type: text/csv", "Content-Encoding: gzip", path="/api/validate"
    )
    assert answer.body == posted(service, CSV, "Content-Type: text/csv", path="/api/validate").body


@pytest.mark.parametrize("mark", ["\ufeff", "\ufeff  # from a file\n"])
def test_a_query_may_begin_with_a_byte_order_mark(service: Service, mark: str) -> None:
    text = mark.encode() + ASK
    assert posted(service, text, QUERY).status == 200
    form = b"query=" + quote(text).encode()
    assert posted(service, form, FORM).status == 200
    assert asked(service, f"/sparql?query={quote(text)}").status == 200


@pytest.mark.parametrize("body", [b"", b" ", b"\xef\xbb\xbf", b"\x00", b"\xff\xfeA\x00", b"\xed\xa0\x80"])
@pytest.mark.parametrize("kind", [QUERY, FORM])
def test_a_body_without_a_query_is_a_fault_of_the_client(service: Service, body: bytes, kind: str) -> None:
    assert posted(service, body, kind).status == 400


def test_a_client_that_asks_before_it_sends_is_answered(service: Service) -> None:
    answer = posted(service, ASK, QUERY, "Expect: 100-continue")
    assert (answer.status, b" 200 OK" in answer.body) == (100, True)
