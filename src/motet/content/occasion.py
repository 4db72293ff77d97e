"""One message in the making: whom it is for, what its templates see, and what becomes of its links."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from motet.content.links import LinkSigner
from motet.content.runtime import Run
from motet.core.customers import Customer
from motet.core.words import Channel

_URL_SAFE = re.compile(r"[!#-&(-;=?-Z\[\]_a-z~]*\Z").match  # RFC 3986, without the apostrophe
_UNSAFE_CHARACTER = re.compile(r"[^!#-&(-;=?-Z\[\]_a-z~]")
_BLANK = re.compile(r"[\x00-\x20\x7f]+")
_SCRIPT = re.compile(r"(?:javascript|vbscript|data|file|blob):", re.IGNORECASE).match
_WEB = re.compile(r"https?://.", re.IGNORECASE).match


def clean_url(address: str) -> str:
    """An address with nothing in it that could end it or run: `#` for a script, other characters percent-encoded."""
    address = address.strip()
    if _URL_SAFE(address) and not _SCRIPT(address):
        return address
    if _SCRIPT(_BLANK.sub("", address)):
        return "#"
    return _UNSAFE_CHARACTER.sub(lambda match: quote(match.group().encode(errors="replace")), address)


class Occasion:
    """Made anew for each message; cheap."""

    __slots__ = ("channel", "customer", "known", "message_id", "now", "signer", "unsubscribe_url", "view")

    def __init__(
        self,
        customer: Customer,
        view: dict[str, Any],
        message_id: UUID,
        now: datetime,
        channel: Channel,
        signer: LinkSigner,
    ) -> None:
        self.customer, self.message_id, self.now = customer, message_id, now
        self.channel, self.signer = channel, signer
        self.unsubscribe_url = signer.unsubscribe_url(customer.id, message_id, channel)
        self.known: dict[str, str] = {}  # address -> what is sent in its place
        self.view = view

    def run(self, open_url: str = "") -> Run:
        """A fresh budget for one template."""
        return Run({"now": self.now, "open_url": open_url}, self.link)

    def link(self, address: str) -> str:
        """The address as it is sent: tracked when it leads to the web, save the way to unsubscribe."""
        found = self.known.get(address)
        if found is None:
            found = self.known[address] = self._link(clean_url(address))
        return found

    def _link(self, address: str) -> str:
        if not _WEB(address) or address == self.unsubscribe_url:
            return address
        return self.signer.click_url(self.customer.id, self.message_id, address)


def merged(view: dict[str, Any], variables: dict[str, Any], unsubscribe_url: str) -> dict[str, Any]:
    """What templates see: the view, then the variables where the view has nothing, and the link nobody may replace."""
    whole = dict(view)
    for name, value in variables.items():
        if whole.get(name) is None:
            whole[name] = value
    whole["unsubscribe_url"] = unsubscribe_url
    return whole
