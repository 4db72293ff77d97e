from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from motet.web.machines import is_machine

PEOPLE = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
    "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.0",
]
MACHINES = [
    "",
    "Mozilla/5.0",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "facebookexternalhit/1.1",
    "WhatsApp/2.23.20.0",
    "curl/8.5.0",
    "Python/3.11 aiohttp/3.14.5",
    "Go-http-client/1.1",
    "Microsoft Office Existence Discovery",
    "BarracudaCentral/1.0",
]


def request(agent: str, method: str = "GET", **headers: str) -> dict[str, Any]:
    given = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {"method": method, "headers": [(b"user-agent", agent.encode()), *given]}


@pytest.mark.parametrize("agent", PEOPLE)
def test_people_and_their_proxies_are_people(agent: str) -> None:
    assert not is_machine(request(agent))


@pytest.mark.parametrize("agent", MACHINES)
def test_what_says_it_is_a_machine_is_one(agent: str) -> None:
    assert is_machine(request(agent))


def test_asking_for_the_head_only_or_ahead_of_time_is_a_machines() -> None:
    assert is_machine(request(PEOPLE[0], "HEAD"))
    assert is_machine(request(PEOPLE[0], **{"sec-purpose": "prefetch;prerender"}))
    assert is_machine({"method": "GET", "headers": []})


def test_a_long_user_agent_is_not_remembered_whole() -> None:
    tracemalloc.start()
    try:
        for index in range(100):
            assert not is_machine(request(f"{PEOPLE[0]} {index} {'x' * 100_000}"))
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()
