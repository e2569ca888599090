"""A walk over a running service, by the links on its pages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, unquote, urldefrag, urljoin, urlsplit

import requests

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
_LINKS = {"a": "href", "link": "href", "area": "href", "img": "src", "script": "src", "image": "href", "use": "href"}


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if target := attributes.get(_LINKS.get(tag, "")):
            self.links.append(target)
        if anchor := attributes.get("id"):
            self.anchors.add(anchor)


@dataclass
class Walk:
    """What was found.

    :ivar pages: HTML by address, with path and query only.
    :ivar faults: what did not answer, and where the link was.
    :ivar asked: how many addresses were asked.
    """

    pages: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    asked: int = 0

    def kinds(self) -> dict[str, str]:
        """One page of each kind: the first of those whose address begins in the same way."""
        found: dict[str, str] = {}
        for address in sorted(self.pages, key=lambda address: (len(address), address)):
            found.setdefault(kind(address), address)
        return found


def kind(address: str) -> str:
    """Which pages look alike: by path, without what names a single record, and by which parameters they have."""
    parts = urlsplit(address)
    segments = parts.path.split("/")[1:]
    deep = 2 if segments[0] in ("doc", "legal") else 1
    path = "/".join([*segments[:deep], *("*" for _ in segments[deep:])])
    parameters = sorted({name for name, _ in parse_qsl(parts.query) if name != "lang"})
    return f"/{path}" + (f"?{'&'.join(parameters)}" if parameters else "")


def walk(address: str, language: str, most: int, alike: int | None = None) -> Walk:
    """Follow every link of ours from the start page, in one language.

    :param address: of the service, without a slash at the end.
    :param most: how many addresses with the same path and other parameters are followed; searches have no end.
    :param alike: how many pages of a kind are followed; None for all.
    """
    found = Walk()
    parameters: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    seen: set[str] = set()
    wanted: dict[str, list[tuple[str, str]]] = {}
    todo = [("/", "")]
    session = requests.Session()
    session.headers.update({"Accept": BROWSER, "Accept-Language": language})
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=8))
    with ThreadPoolExecutor(4) as executor:
        while todo:
            batch, todo = todo, []
            fresh = []
            for link, origin in batch:
                path = urlsplit(link).path
                if link in seen or (urlsplit(link).query and parameters[path] >= most):
                    continue
                if alike is not None and kinds[kind(link)] >= alike:
                    continue
                seen.add(link)
                kinds[kind(link)] += 1
                parameters[path] += bool(urlsplit(link).query)
                fresh.append((link, origin))
            found.asked += len(fresh)
            for (link, origin), (status, text) in zip(
                fresh, executor.map(lambda item: _get(session, address, item[0]), fresh), strict=True
            ):
                if status != 200:
                    found.faults.append(f"{status} {link} (from {origin})")
                elif text is not None:
                    found.pages[link] = text
                    todo += _follow(link, text, address, language, wanted)
    for link, anchors in wanted.items():
        if link in found.pages:
            there = _parse(found.pages[link]).anchors
            missing = [(anchor, origin) for anchor, origin in anchors if unquote(anchor) not in there]
            found.faults += [f"no #{anchor} on {link} (from {origin})" for anchor, origin in missing]
    return found


def _get(session: requests.Session, address: str, link: str) -> tuple[int, str | None]:
    # Files may be large; what matters is that they are there.
    with session.get(address + link, stream=True, timeout=60) as response:
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        return response.status_code, response.text if is_page and response.status_code == 200 else None


def _follow(
    page: str, text: str, address: str, language: str, wanted: dict[str, list[tuple[str, str]]]
) -> Iterable[tuple[str, str]]:
    other = {"de": "en", "en": "de"}[language]
    for link in _parse(text).links:
        target, anchor = urldefrag(urljoin(address + page, link))
        if not target.startswith(f"{address}/"):
            continue
        # Pages in this language are those without a choice, since it is the one that is accepted.
        target = re.sub(rf"\?lang={language}$|(?<=\?)lang={language}&|&lang={language}\b", "", target[len(address) :])
        if re.search(rf"[?&]lang={other}\b", target):
            continue
        # With an equals sign it is data for a script and no anchor.
        if anchor and "=" not in anchor and "." not in urlsplit(target).path:
            wanted.setdefault(target, []).append((anchor, page))
        yield target, page


def _parse(text: str) -> _Parser:
    parser = _Parser()
    parser.feed(text)
    return parser
