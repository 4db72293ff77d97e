"""Names, and the places where synthetic customers live. A place gives the timezone, the locale and the area code.

Numbers are from the ranges kept for fiction: `+1 NPA 555 01XX` (ATIS), so no telephone rings.
"""

from __future__ import annotations

import msgspec


class Place(msgspec.Struct, frozen=True):
    city: str
    country: str  # ISO 3166
    timezone: str
    locale: str
    area: str | None  # North American area code; None: no telephone number there


FIRST_NAMES = (
    "Ada", "Amara", "Anders", "Aoife", "Arjun", "Beatriz", "Björn", "Camille", "Chiara", "Dalia", "Daniel", "Divya",
    "Eleni", "Elif", "Emeka", "Emilia", "Esther", "Fatima", "Felix", "Finn", "Freya", "Gabriel", "Grace", "Hana",
    "Hugo", "Imani", "Ines", "Isaac", "Ivy", "Jonas", "José", "Juno", "Kaito", "Kofi", "Lars", "Leila", "Lena",
    "Liam", "Lucía", "Magnus", "Maia", "Marcus", "Mateo", "Mei", "Mira", "Nadia", "Nia", "Noah", "Noor", "Olive",
    "Omar", "Otis", "Pablo", "Petra", "Priya", "Quinn", "Rafael", "Ravi", "Rosa", "Ruben", "Ruth", "Samir", "Sana",
    "Sofia", "Søren", "Stella", "Tariq", "Theo", "Tomás", "Uma", "Vera", "Victor", "Wren", "Yara", "Yuki", "Zara",
    "Zoë",
)  # fmt: skip

LAST_NAMES = (
    "Abara", "Acosta", "Adeyemi", "Ahmed", "Alvarez", "Andersen", "Baker", "Becker", "Bennett", "Bianchi", "Brooks",
    "Castillo", "Chen", "Clarke", "Costa", "Dubois", "Duarte", "Ellis", "Eriksen", "Farah", "Fischer", "Foster",
    "Garcia", "Gupta", "Haddad", "Hansen", "Hayashi", "Hughes", "Ibrahim", "Iyer", "Jansen", "Jensen", "Kaur",
    "Keller", "Khan", "Kim", "Kowalski", "Larsen", "Lopez", "Lindqvist", "Malik", "Marsh", "Mbeki", "Meyer",
    "Moreau", "Murphy", "Nakamura", "Nguyen", "Novak", "Okafor", "Olsen", "Ortiz", "Park", "Patel", "Pereira",
    "Quist", "Rahman", "Reyes", "Rossi", "Santos", "Sato", "Schmidt", "Shah", "Silva", "Singh", "Suzuki", "Tanaka",
    "Tran", "Ueda", "Vargas", "Vogel", "Walsh", "Weber", "Wright", "Yilmaz", "Young", "Zhang", "Zimmer",
)  # fmt: skip

_EASTERN, _CENTRAL, _MOUNTAIN, _PACIFIC = (
    "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles",
)  # fmt: skip

_AMERICA: tuple[tuple[str, str, str, str], ...] = (
    ("Washington", _EASTERN, "en-US", "202 771"),
    ("Hartford", _EASTERN, "en-US", "203 860 475"),
    ("New York", _EASTERN, "en-US", "212 332 347 646 718 917 929"),
    ("Cleveland", _EASTERN, "en-US", "216 440 330"),
    ("Philadelphia", _EASTERN, "en-US", "215 267 445 484 610"),
    ("Detroit", _EASTERN, "en-US", "313 248 586 734"),
    ("Baltimore", _EASTERN, "en-US", "410 443 301 240"),
    ("Pittsburgh", _EASTERN, "en-US", "412 724 878"),
    ("Atlanta", _EASTERN, "en-US", "404 470 678 770"),
    ("Boston", _EASTERN, "en-US", "617 857 339 781 978"),
    ("Miami", _EASTERN, "es-US", "305 786 954 561"),
    ("Charlotte", _EASTERN, "en-US", "704 980 919 984 336"),
    ("Columbus", _EASTERN, "en-US", "614 380 513 937"),
    ("Richmond", _EASTERN, "en-US", "804 757 703 571"),
    ("Buffalo", _EASTERN, "en-US", "716 585 518 315"),
    ("Newark", _EASTERN, "en-US", "201 551 732 848 908 973"),
    ("Chicago", _CENTRAL, "en-US", "312 773 872 708 847 630"),
    ("Dallas", _CENTRAL, "en-US", "214 469 972 817 682"),
    ("Houston", _CENTRAL, "es-US", "281 346 713 832"),
    ("Austin", _CENTRAL, "en-US", "512 737 210 726"),
    ("St. Louis", _CENTRAL, "en-US", "314 636 618"),
    ("Kansas City", _CENTRAL, "en-US", "816 913"),
    ("Memphis", _CENTRAL, "en-US", "901 615 629"),
    ("Minneapolis", _CENTRAL, "en-US", "612 651 763 952"),
    ("New Orleans", _CENTRAL, "en-US", "504 985 225"),
    ("Milwaukee", _CENTRAL, "en-US", "414 262 608"),
    ("Omaha", _CENTRAL, "en-US", "402 531 515"),
    ("Denver", _MOUNTAIN, "en-US", "303 720 970 719"),
    ("Salt Lake City", _MOUNTAIN, "en-US", "801 385"),
    ("Albuquerque", _MOUNTAIN, "en-US", "505 575"),
    ("Boise", "America/Boise", "en-US", "208 986"),
    ("Phoenix", "America/Phoenix", "en-US", "480 602 623 520"),
    ("Los Angeles", _PACIFIC, "en-US", "213 310 323 424 626 818 562"),
    ("San Diego", _PACIFIC, "en-US", "619 858 760 949"),
    ("San Francisco", _PACIFIC, "en-US", "415 628 510 650"),
    ("Seattle", _PACIFIC, "en-US", "206 253 425 360"),
    ("Portland", _PACIFIC, "en-US", "503 971 541"),
    ("Las Vegas", _PACIFIC, "en-US", "702 725 775"),
    ("Sacramento", _PACIFIC, "en-US", "916 530 209 559"),
    ("Honolulu", "Pacific/Honolulu", "en-US", "808"),
    ("Anchorage", "America/Anchorage", "en-US", "907"),
)

_CANADA: tuple[tuple[str, str, str, str], ...] = (
    ("Toronto", "America/Toronto", "en-CA", "416 437 647 905 289"),
    ("Montréal", "America/Toronto", "fr-CA", "514 438 450"),
    ("Ottawa", "America/Toronto", "en-CA", "613 343"),
    ("Vancouver", "America/Vancouver", "en-CA", "604 778 236"),
    ("Calgary", "America/Edmonton", "en-CA", "403 587 780"),
    ("Winnipeg", "America/Winnipeg", "en-CA", "204 431"),
    ("Halifax", "America/Halifax", "en-CA", "902"),
)

_ABROAD: tuple[tuple[str, str, str, str, int], ...] = (
    ("London", "GB", "Europe/London", "en-GB", 6),
    ("Dublin", "IE", "Europe/Dublin", "en-IE", 2),
    ("Berlin", "DE", "Europe/Berlin", "de-DE", 4),
    ("Paris", "FR", "Europe/Paris", "fr-FR", 4),
    ("Madrid", "ES", "Europe/Madrid", "es-ES", 3),
    ("Copenhagen", "DK", "Europe/Copenhagen", "da-DK", 2),
    ("Mumbai", "IN", "Asia/Kolkata", "en-IN", 4),
    ("Tokyo", "JP", "Asia/Tokyo", "ja-JP", 3),
    ("Sydney", "AU", "Australia/Sydney", "en-AU", 3),
)

PLACES: tuple[Place, ...] = (
    *(Place(city, "US", zone, locale, area) for city, zone, locale, areas in _AMERICA for area in areas.split()),
    *(Place(city, "CA", zone, locale, area) for city, zone, locale, areas in _CANADA for area in areas.split()),
    *(Place(city, land, zone, locale, None) for city, land, zone, locale, share in _ABROAD for _ in range(share)),
)
