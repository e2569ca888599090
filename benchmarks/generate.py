"""Generated projects and grants on top of the real municipalities, for measurements."""

from __future__ import annotations

import csv
import random
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

_FIELDS = (
    "Verwaltungsdigitalisierung", "Smart Environment", "Gesellschaft", "Transfer durch Coaching",
    "Smart Mobility", "Smart Business", "Smart Health", "Smart Energy",
)  # fmt: skip
_STATUS = ("bewilligt", "in Umsetzung", "in Betrieb", "umgesetzt")
_PROGRAMME = "starke-heimat-smarte-kommunen"


def copy_with_projects(target: Path, count: int, seed: int = 1) -> Path:
    """A copy of the real sources whose projects and grants are replaced by generated ones.

    :param target: directory to make.
    :param count: number of projects; there is one grant for each.
    :param seed: the same seed gives the same tables.
    """
    shutil.copytree(ROOT / "data", target)
    chance = random.Random(seed)
    with (target / "municipalities.csv").open(encoding="utf-8", newline="") as file:
        municipalities = [row["Amtlicher Gemeindeschlüssel (AGS)"] for row in csv.DictReader(file)]
    projects, grants = [], []
    for number in range(count):
        lead, *partners = chance.sample(municipalities, chance.randint(1, 4))
        year = chance.randint(2021, 2025)
        source = f"https://www.example.org/meldung/{number}"
        projects.append(
            {
                "Kennung": f"projekt-{number}",
                "Titel (deutsch)": f"Projekt {number}: Sensorik für {chance.choice(_FIELDS)}",
                "Titel (englisch)": f"Project {number}",
                "Beschreibung (deutsch)": f"Die Kommune erprobt Vorhaben {number} mit offenen Daten und Sensoren.",
                "Federführung": lead,
                "Partner": "; ".join(partners),
                "Handlungsfeld": "; ".join(sorted(chance.sample(_FIELDS, chance.randint(1, 3)))),
                "Status": chance.choice(_STATUS),
                "Beginn": f"{year}-{chance.randint(1, 12):02}",
                "Ende": str(year + 2),
                "Quelle": source,
            }
        )
        grants.append(
            {
                "Kennung": f"projekt-{number}",
                "Titel (deutsch)": f"Förderung: Projekt {number}",
                "Projekt": f"projekt-{number}",
                "Empfänger": lead,
                "Förderbetrag": str(chance.randrange(100_000, 2_500_000, 100)),
                "Währung": "EUR",
                "Betrag ungefähr": chance.choice(("ja", "nein")),
                "Bewilligt am": f"{year}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
                "Förderprogramm": _PROGRAMME,
                "Quelle": source,
            }
        )
    for name, rows in (("projects.csv", projects), ("grants.csv", grants)):
        with (target / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    return target
