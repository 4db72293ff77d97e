"""Who opened a link: a person, or a machine that looks at mail before or for them.

Simple and honest: a request is a machine's when it says so (HEAD, a prefetch header, a robot's user agent) or says
nothing at all. What a machine did is recorded with `machine: true`, so nothing is lost and nothing is counted twice.
GoogleImageProxy and YahooMailProxy fetch when a person looks, so they count as people.
"""

from __future__ import annotations

import re
from functools import lru_cache

from motet.web.asgi import Scope

# Libraries, crawlers, link previews of chats, and mail scanners, by what they call themselves.
_MACHINES = re.compile(
    r"bot\b|crawl|spider|scan|preview|monitor|prefetch|headless|facebookexternalhit|whatsapp/|slack-imgproxy"
    r"|curl/|wget/|python|aiohttp|httpx|okhttp|go-http-client|java/|libwww|ruby|perl|php|node-fetch|axios|postman"
    r"|barracuda|proofpoint|mimecast|symantec|fireeye|forcepoint|sophos|trendmicro|ironport|safelinks|urldefense"
    r"|microsoft office (?:existence|protocol) discovery|google-safety|virustotal",
    re.IGNORECASE,
)
# Apple's Mail Privacy Protection fetches every image of every mail, under exactly this name.
_BARE = frozenset({"", "mozilla/5.0", "mozilla/4.0"})
_READ = 512  # bytes of a user agent that are looked at, and remembered


def is_machine(scope: Scope) -> bool:
    """Whether the request was made by a machine rather than for a person who is looking."""
    if scope["method"] == "HEAD":
        return True
    agent = b""
    for name, value in scope["headers"]:
        if name == b"user-agent":
            agent = value
        elif name in (b"purpose", b"sec-purpose", b"x-purpose", b"x-moz") and b"prefetch" in value.lower():
            return True
    return is_machine_agent(agent[:_READ])


@lru_cache(maxsize=4096)
def is_machine_agent(agent: bytes) -> bool:
    """Whether a user agent names a machine."""
    text = agent.decode("latin-1").strip()
    return text.lower() in _BARE or _MACHINES.search(text) is not None
