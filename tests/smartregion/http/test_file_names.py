"""Names of files that people send: cleaned once, harmless in every header, and never a reason to lose the file."""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest
import requests
from release_fixture import write_release
from support import Service, served
from werkzeug.http import parse_options_header

from publish.releases.release import Releases
from smartregion.web.checking.file_names import clean

CONTENT = "Schlüssel;Name\n06415000;Hanau\n".encode()
NAMES = {
    "Prüfung.csv": "Prüfung.csv",
    "Pru\u0308fung.csv": "Prüfung.csv",
    "../../etc/passwd.csv": "passwd.csv",
    "C:\\Daten\\x.csv": "x.csv",
    "/a/b/": "",
    "a\r\nb.csv": "a b.csv",
    "a\x00b\x1b[31m\x7f.csv": "ab[31m.csv",
    "gut\u202evsc.exe": "gutvsc.exe",
    "a\u200b\ufeff\u2066b.csv": "ab.csv",
    "\u2028\u2029": "",
    "  a   b .csv ": "a b.csv",
    "x.csv...": "x.csv",
    "..": "",
    ".csv": ".csv",
    "\ud800x.csv": "x.csv",
    "a" * 5000 + ".csv": "a" * 146 + ".csv",
    "ü" * 5000: "ü" * 150,
    "a." + "b" * 500: "a." + "b" * 148,
    'a";x="y.csv': 'a";x="y.csv',
    "😀.csv": "😀.csv",
    "": "",
}


@pytest.mark.parametrize(("name", "expected"), NAMES.items())
def test_a_name_is_cleaned(name: str, expected: str) -> None:
    assert clean(name) == expected
    assert clean(clean(name)) == clean(name)
    assert len(clean(name).encode()) <= 4 * 150


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    var = tmp_path_factory.mktemp("names")
    write_release(Releases(var), "one")
    with served(var) as found:
        yield found


def kept_as(answer: requests.Response) -> str:
    """The name under which a client keeps an answer, which it must do."""
    assert answer.status_code == 200
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    disposition, options = parse_options_header(answer.headers["Content-Disposition"])
    assert disposition == "attachment"
    assert not any(
        unicodedata.category(character).startswith("C") for character in answer.headers["Content-Disposition"]
    )
    return options["filename"]


@pytest.mark.parametrize("name", [name for name in NAMES if "\ud800" not in name])
@pytest.mark.parametrize("output", ["report", "marked"])
def test_returned_files_are_attachments(service: Service, name: str, output: str) -> None:
    form = {"content": base64.b64encode(CONTENT).decode(), "source": name, "output": output}
    found = kept_as(requests.post(f"{service.address}/validate", data=form, timeout=60))
    addition = {"report": "-Prüfbericht.html", "marked": "-geprüft.xlsx"}[output]
    assert found == PurePosixPath(clean(name) or "Eingabe").stem + addition


@pytest.mark.parametrize("name", [b"Pr\xfcfung.csv", "Prüfung.csv".encode(), "Pru\u0308fung.csv".encode()])
def test_a_name_in_an_old_encoding_is_a_name(service: Service, name: bytes) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="' + name
    body += (
        b'"\r\nContent-Type: text/csv\r\n\r\n' + CONTENT + b'\r\n--x\r\nContent-Disposition: form-data; name="output"'
    )
    body += b"\r\n\r\nreport\r\n--x--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = requests.post(f"{service.address}/validate", data=body, headers=headers, timeout=60)
    assert kept_as(answer) == "Prüfung-Prüfbericht.html"
    document = requests.post(f"{service.address}/api/validate", data=body, headers=headers, timeout=60).json()
    assert "Prüfung.csv" in str(document)


@pytest.mark.parametrize("name", ["", "\u202e", "..", "/"])
def test_a_file_whose_name_says_nothing_is_checked_all_the_same(service: Service, name: str) -> None:
    body = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode() + CONTENT
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = requests.post(f"{service.address}/api/validate", data=body + b"\r\n--x--\r\n", headers=headers, timeout=60)
    assert answer.status_code == 200


def test_a_form_without_a_file_is_a_problem(service: Service) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename=""\r\n\r\n\r\n--x--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = requests.post(f"{service.address}/api/validate", data=body, headers=headers, timeout=60)
    assert (answer.status_code, answer.json()["type"].rpartition("#")[2]) == (400, "file-missing")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--x",
        b"--x\r\n",
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nbreaks off',
        b"--x\r\nContent-Type: text/csv\r\n\r\nno disposition\r\n--x--\r\n",
        b'--x\r\nContent-Disposition: form-data; filename="a.csv"\r\n\r\nno name\r\n--x--\r\n',
        b"--x\r\n\xff\xfe: \xff\r\n\r\n\r\n--x--\r\n",
        b"--x--\r\n",
        b"\xff" * 1000,
    ],
)
@pytest.mark.parametrize("boundary", ["x", "", "x" * 5000])
def test_a_broken_form_is_no_file(service: Service, body: bytes, boundary: str) -> None:
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}".encode("latin-1")}
    answer = requests.post(f"{service.address}/api/validate", data=body, headers=headers, timeout=60)
    assert (answer.status_code, answer.json()["type"].rpartition("#")[2]) == (400, "file-missing")


@pytest.mark.parametrize(
    "disposition",
    [
        'attachment; filename="../../x.csv"',
        "attachment; filename*=UTF-8''Pr%C3%BCfung%0D%0A.csv",
        "attachment; filename*=UTF-8''%00%1b%7f",
        "attachment; filename*=bogus''%ff.csv",
        "filename=",
        ";;;",
    ],
)
def test_the_name_of_a_body_is_cleaned_as_well(service: Service, disposition: str) -> None:
    headers = {"Content-Type": "text/csv", "Content-Disposition": disposition}
    answer = requests.post(f"{service.address}/api/validate", data=CONTENT, headers=headers, timeout=60)
    assert answer.status_code == 200
    assert not re.search(r"\.\./|\\r|\\n|\\u0000|\\u001b|\\u007f", answer.text)
