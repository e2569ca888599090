"""Who to call about a project: its lead, the programme's hotline and mailbox, advice, and who did something like it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from publish.releases.contents import NEIGHBOURS
from smartregion.web.http.language import euros, gettext, number
from smartregion.web.records.descriptions import Description
from smartregion.web.records.entity_page import Card
from smartregion.web.site.display import Naming, Value, href
from smartregion.web.site.lookups import Statements
from smartregion.web.site.site import published


@dataclass(frozen=True)
class Contact:
    """Somebody to ask.

    :ivar about: why.
    :ivar name: with a link to its page of ours.
    :ivar ways: website, mailbox and telephone, as far as they are known.
    """

    about: str
    name: Value
    ways: list[Value]


@dataclass(frozen=True)
class Cost:
    """What grants for projects of a theme came to, in words."""

    theme: Value
    text: str


@dataclass(frozen=True)
class Guidance:
    """What a page answers to somebody who wants to do the same.

    :ivar similar: projects that share themes, those that share most first.
    """

    contacts: list[Contact]
    similar: list[Card]
    costs: list[Cost]


def guide(description: Description) -> Guidance | None:
    """The guidance beside a project; None for what is none."""
    facts = Statements(description.triples)
    if not published().labels.has_role("activity", facts.classes(description.iri)):
        return None
    naming = Naming(description.triples)
    themes = facts.links(description.iri, "sr:theme")
    leads = facts.links(description.iri, "sr:lead")
    programmes = {name: None for award in description.referring for name in facts.links(award, "sr:programme")}
    advice = {name: None for programme in programmes for name in facts.links(programme, "sr:advice")}
    contacts = [
        *(_contact(gettext("Federführung"), name, facts, naming) for name in leads),
        *(_contact(gettext("Förderprogramm"), name, facts, naming) for name in programmes),
        *(_contact(gettext("Beratung"), name, facts, naming) for name in advice),
    ]
    similar = [_card(name, themes, facts, naming) for name in description.alike]
    return Guidance(contacts, similar, _costs(themes, naming))


def _contact(about: str, name: str, facts: Statements, naming: Naming) -> Contact:
    ways = [Value(address, address) for address in facts.links(name, "schema:url")]
    ways += [Value(mailbox.removeprefix("mailto:"), mailbox) for mailbox in facts.links(name, "vcard:hasEmail")]
    telephone = facts.literal(name, "schema:telephone")
    if telephone is not None:
        ways.append(Value(telephone.value, f"tel:{telephone.value.replace(' ', '-')}"))
    ways += [Value(naming[provider], href(provider)) for provider in facts.links(name, "schema:provider")]
    return Contact(about, Value(naming[name], href(name)), ways)


def _card(name: str, themes: list[str], facts: Statements, naming: Naming) -> Card:
    common = [naming[theme] for theme in facts.links(name, "sr:theme") if theme in themes]
    states = [naming[status] for status in facts.links(name, "adms:status")]
    return Card(naming[name], href(name), [naming[lead] for lead in facts.links(name, "sr:lead")], [*common, *states])


def _costs(themes: list[str], naming: Naming) -> list[Cost]:
    known = published().read(NEIGHBOURS)["themes"]
    costs = []
    for theme in themes:
        found = known.get(_local(theme))
        if found and found["amounts"]:
            least, middle, most = (euros(Decimal(amount)) for amount in found["amounts"])
            text = gettext(
                "%(least)s bis %(most)s, in der Mitte %(middle)s (%(count)s Zuwendungen für je ein Projekt)",
                least=least, most=most, middle=middle, count=number(found["known"]),
            )  # fmt: skip
            costs.append(Cost(Value(naming[theme], href(theme)), text))
    return costs


def _local(concept: str) -> str:
    return concept.rpartition("#")[2]
