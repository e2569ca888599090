"""Behind the shipped nginx with TLS and a path prefix: every address agrees with the base."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
import requests
from deployed import nginx
from rdflib import DCAT, RDF, Graph, Namespace, URIRef
from support import DATA, DATASETS, free_port, served, silent

from publish.builder import build
from publish.releases.release import Releases

pytestmark = pytest.mark.nginx
HYDRA = Namespace("http://www.w3.org/ns/hydra/core#")
BROWSER = "text/html,application/xhtml+xml"


class Site:
    """The service as the world sees it: its base, and how to ask it."""

    def __init__(self, base: str, certificate: Path) -> None:
        self.base = base
        self.session = requests.Session()
        self.session.verify = str(certificate)
        self.session.trust_env = False

    def ask(self, address: str, method: str = "GET", follow: bool = True, **headers: str) -> requests.Response:
        # Not the base of the test's own making: only what the service says.
        assert address.startswith(self.base), address
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.session.request(method, address, headers=named, timeout=20, allow_redirects=follow)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, executor: Executor) -> Iterator[Site]:
    here = tmp_path_factory.mktemp("proxy")
    front, back = free_port(), free_port()
    base = f"https://localhost:{front}/smart-region/"
    build(DATA, base, Releases(here / "var"), executor, silent, -(-len(DATASETS) // 3))
    with served(here / "var", port=back, proxies=1, base=base), nginx(here, back, front) as proxy:
        yield Site(base, proxy.certificate)


@pytest.mark.parametrize("start", ["catalog", "catalog.rdf", "catalog?profile=dcat-ap-de-2.0", "catalog.jsonld"])
def test_a_harvester_gets_all_pages(site: Site, start: str) -> None:
    address, found = site.base + start, set()
    for _ in range(3):
        assert site.ask(address, "HEAD").status_code == 200
        response = site.ask(address)
        page = Graph().parse(data=response.content, format=response.headers["Content-Type"].partition(";")[0])
        found |= {str(name).rpartition("/")[2] for name in page.subjects(RDF.type, DCAT.Dataset)}
        (view,) = page.subjects(RDF.type, HYDRA.PartialCollectionView)
        following = page.value(view, HYDRA.next)
        if following is None:
            break
        address = str(following)
    assert (found, following) == (DATASETS, None)


def test_every_address_of_the_feed_answers(site: Site) -> None:
    whole = Graph().parse(data=site.ask(site.base + "dump/catalog").content, format="turtle")
    own = {str(node).partition("#")[0] for node in whole.all_nodes() if isinstance(node, URIRef)}
    addresses = sorted(address for address in own if address.startswith(site.base))
    assert len(addresses) > 120
    assert not [address for address in own if "127.0.0.1" in address or address.startswith("http://localhost")]
    broken = {address: code for address in addresses if (code := site.ask(address, "HEAD").status_code) != 200}
    assert not broken


@pytest.mark.parametrize("accept", ["text/turtle", BROWSER])
def test_redirects_stay_below_the_base(site: Site, accept: str) -> None:
    for path in ("id/municipality/06411000", "id/municipality/06435014", "graph/projects", "dump/projects"):
        response = site.ask(site.base + path, Accept=accept)
        assert response.status_code == 200, path
        for step in response.history:
            assert urljoin(step.url, step.headers["Location"]).startswith(site.base), path


def test_links_in_headers_stay_below_the_base(site: Site) -> None:
    for path in ("catalog", "catalog.nt?page=2", "dataset/projects", "doc/municipality/06411000", "dump/projects.ttl"):
        response = site.ask(site.base + path)
        targets = re.findall(r'<([^>]*)>; rel="(?!type|profile)', response.headers["Link"])
        assert targets
        for target in targets:
            address = urljoin(response.url, target)
            assert site.ask(address, "HEAD").status_code == 200, address


def test_links_of_pages_stay_below_the_base(site: Site) -> None:
    for path in ("", "catalog", "dataset/projects", "doc/municipality/06411000", "sparql"):
        page = site.ask(site.base + path, Accept=BROWSER).text
        links = [
            link for link in re.findall(r'(?:href|action)="([^"]+)"', page) if not link.startswith(("#", "mailto:"))
        ]
        own = [urljoin(site.base + path, link) for link in links]
        assert own
        assert all(link.startswith(site.base) for link in own if urlsplit(link).hostname == "localhost"), path


def test_what_is_compressed_and_cached_stays_so(site: Site) -> None:
    address = site.base + "catalog.ttl"
    packed = site.ask(address, Accept_Encoding="br")
    assert packed.headers["Content-Encoding"] == "br"
    again = site.ask(address, Accept_Encoding="br", If_None_Match=packed.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")


def test_a_forged_host_does_not_reach_the_feed(site: Site) -> None:
    response = site.ask(site.base + "catalog", Host="evil.example", X_Forwarded_Host="evil.example")
    assert "evil.example" not in response.text + str(response.headers)
