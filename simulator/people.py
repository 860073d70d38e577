"""Who works where: invented employees with Azerbaijani names, and real places of Azerbaijan as offices."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any

MEN = (
    "Əli", "Vüqar", "Rəşad", "Elçin", "Tural", "Orxan", "Şahin", "İlqar", "Rüfət", "Cavid", "Nicat", "Fərid",
    "Kənan", "Anar", "Ülvi", "Zaur", "Samir", "Müşfiq", "Çingiz", "Ağasəf", "İsmayıl", "Həsən", "Yusif", "Uğur",
)  # fmt: skip
WOMEN = (
    "Aygün", "Gülnar", "Ləman", "Nigar", "Sevinc", "Şəbnəm", "Ülviyyə", "Günel", "Könül", "Çinarə", "Pərvanə",
    "Xədicə", "Zəhra", "İlahə", "Röya", "Leyla", "Aysel", "Fatimə", "Gülşən", "Nərmin", "Səbinə", "Türkan",
    "Ceyran", "Işıq",
)  # fmt: skip
SURNAMES = (
    "Məmmədov", "Əliyev", "Hüseynov", "Quliyev", "İsmayılov", "Həsənov", "Cəfərov", "Şirinov", "Ağayev",
    "Babayev", "Süleymanov", "Kərimov", "Rəhimov", "Nəbiyev", "Çərkəzov", "Göyüşov", "Abdullayev", "Vəliyev",
    "Mustafayev", "Qasımov", "Ələkbərov", "İbrahimov", "Paşayev", "Zülfüqarov",
)  # fmt: skip
PLAIN = str.maketrans("əıİğşçöüƏĞŞÇÖÜI", "aiigscouagscoui")
FIRST_ID = 5_100_000_000
"""Telegram's ids have outgrown 32 bits; so do these."""


@dataclass(frozen=True, slots=True)
class Office:
    """A place of work."""

    name: str
    address: str
    latitude: float
    longitude: float


OFFICES = (
    Office("Baş ofis", "Neftçilər prospekti 153, Bakı", 40.3717, 49.8505),
    Office("Port Baku", "Neftçilər prospekti 151, Bakı", 40.3756, 49.8634),
    Office("Gənclik", "Fətəli xan Xoyski küçəsi 14, Bakı", 40.4004, 49.8521),
    Office("Gəncə filialı", "Heydər Əliyev prospekti, Gəncə", 40.6828, 46.3606),
    Office("Sumqayıt filialı", "Sülh küçəsi, Sumqayıt", 40.5897, 49.6686),
    Office("Lənkəran filialı", "Mir Mustafa xan küçəsi, Lənkəran", 38.7543, 48.8506),
    Office("Şəki filialı", "Mirzə Fətəli Axundov prospekti, Şəki", 41.1975, 47.1697),
    Office("Mingəçevir filialı", "Heydər Əliyev prospekti, Mingəçevir", 40.7703, 47.0489),
    Office("Naxçıvan filialı", "Nizami küçəsi, Naxçıvan", 39.2089, 45.4122),
    Office("Qəbələ filialı", "28 May küçəsi, Qəbələ", 40.9814, 47.8458),
)


@dataclass(frozen=True, slots=True)
class Employee:
    """One person and the telephone in their hand."""

    id: int
    first_name: str
    last_name: str
    username: str | None
    language: str | None
    """What their telephone speaks; some do not tell."""
    office: Office
    android: bool
    """Android sends a location as a reply to the message with the button, and does not tell how sure it is."""

    def speaking(self, language: str | None) -> Employee:
        """The same person with a telephone in another language: an IETF tag, or None if it does not tell."""
        return replace(self, language=language)

    def as_user(self) -> dict[str, Any]:
        """The User object of the Bot API."""
        language = {} if self.language is None else {"language_code": self.language}
        return {"id": self.id, "is_bot": False, **self._names(), **language}

    def as_chat(self) -> dict[str, Any]:
        """The Chat object of the person's talk with the bot."""
        return {"id": self.id, **self._names(), "type": "private"}

    def _names(self) -> dict[str, str]:
        names = {"first_name": self.first_name, "last_name": self.last_name}
        return names if self.username is None else {**names, "username": self.username}


def hire(count: int, offices: int, seed: int) -> list[Employee]:
    """`count` people, spread over the first `offices` places; the same for the same seed, others for another."""
    if not 1 <= offices <= len(OFFICES):
        raise ValueError(f"offices must be 1 to {len(OFFICES)}, not {offices}")
    chance = random.Random(seed)  # noqa: S311 - no secret: repeatable people
    first_id = FIRST_ID + (seed % 1000) * 1_000_000
    return [_employee(first_id + number * 7, OFFICES[number % offices], chance) for number in range(count)]


def _employee(user_id: int, office: Office, chance: random.Random) -> Employee:
    woman = _happens(chance, 0.5)
    first = chance.choice(WOMEN if woman else MEN)
    last = chance.choice(SURNAMES) + ("a" if woman else "")
    username = f"{first}_{last}{user_id % 1000}".translate(PLAIN).lower()
    return Employee(
        id=user_id,
        first_name=first,
        last_name=last,
        username=username if _happens(chance, 0.6) else None,
        language=chance.choices(("az", "ru", "en", "tr"), (70, 18, 9, 3))[0],
        office=office,
        android=_happens(chance, 0.7),
    )


def _happens(chance: random.Random, share: float) -> bool:
    return chance.random() < share
