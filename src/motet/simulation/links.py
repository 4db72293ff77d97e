"""The links that a receiver finds in a message, read from the message itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import msgspec

_URL = re.compile(r"https?://[^\s<>\"']+")
_ONE_CLICK = re.compile(r"<(https?://[^>\s]+)>")


class Links(msgspec.Struct, frozen=True):
    """`pixel` is the image that tells of an opening; `leave` takes the one-click unsubscribe (RFC 8058)."""

    pixel: str | None = None
    clicks: tuple[str, ...] = ()
    leave: str | None = None


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.images: list[str] = []
        self.anchors: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "img" and (source := given.get("src")):
            self.images.append(source)
        elif tag == "a" and (target := given.get("href")):
            self.anchors.append(target)


def read_links(message: Mapping[str, Any]) -> Links:
    """The tracked links of a message as `GET /messages/{id}` of the outbox gives it."""
    page = _Page()
    page.feed(message.get("html") or "")
    texts = [message.get("url"), *_URL.findall(message.get("text") or "" if not page.anchors else "")]
    targets = [target for target in (*page.anchors, *texts) if target and _path(target).startswith("/t/c/")]
    return Links(
        pixel=next((image for image in page.images if _path(image).startswith("/t/o/")), None),
        clicks=tuple(dict.fromkeys(targets)),
        leave=_leave(message.get("headers") or []),
    )


def _leave(headers: list[list[str]]) -> str | None:
    """The address to post to, when both headers that one-click needs are there."""
    named = {name.lower(): value for name, value in headers}
    if named.get("list-unsubscribe-post", "").strip() != "List-Unsubscribe=One-Click":
        return None
    found = _ONE_CLICK.search(named.get("list-unsubscribe", ""))
    return found[1] if found else None


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""
