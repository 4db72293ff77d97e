"""One case for each provider: how it is made, and how its test server is told what to do with a message."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from contracts.provider.google_server import GoogleServer
from contracts.provider.hook_server import SECRET, HookServer
from contracts.provider.smtp_server import SmtpServer
from contracts.provider.twilio_server import SID, TOKEN, TwilioServer
from motet.channels.base import Context, Provider
from motet.channels.egress import Egress
from motet.channels.registry import open_provider
from motet.core.messages import Email, InApp, Outgoing, Payload, Push, Sms, Webhook
from motet.core.words import Channel
from motet.storage.pool import Pool

LANES = 8


class Case(ABC):
    """A provider and the server it speaks to. `kinds` are what the server can be told to do besides `ok`."""

    channel: Channel
    kinds: frozenset[str] = frozenset({"reject", "retry", "lost", "stall"})
    wait: float | None = 7.0  # seconds that the server asks for with `retry`
    server: Any = None
    broken_urls: tuple[tuple[str, str], ...] = ()  # (provider URL, code of its problem)

    def __init__(self, folder: Path, pool: Pool | None) -> None:
        self.folder, self.pool = folder, pool
        self.egress = Egress(["127.0.0.1"], timeout=0.6)

    async def start(self) -> Provider:
        if self.server is not None:
            await self.server.start()
        self.provider = open_provider(self.channel, self.url(), self.context())
        assert self.provider.check() == []
        await self.provider.open()
        return self.provider

    async def stop(self) -> None:
        await self.provider.close()
        await self.egress.close()
        if self.server is not None:
            await self.server.stop()

    def context(self) -> Context:
        public = "https://motet.example"
        return Context(secret=b"s" * 32, public_url=public, egress=self.egress, pool=self.pool, lanes=LANES)

    def outgoing(self, kind: str, number: int = 0, customer_id: UUID | None = None) -> Outgoing:
        id = uuid4()
        payload = self.payload(kind, number)
        customer_id = customer_id or uuid4()
        return Outgoing(message_id=id, customer_id=customer_id, payload=payload, idempotency_key=str(id))

    @abstractmethod
    def url(self) -> str: ...

    @abstractmethod
    def payload(self, kind: str, number: int) -> Payload: ...

    async def count(self) -> int:
        """How many messages the other side took."""
        return len(self.server.taken)


class SmtpCase(Case):
    channel = Channel.EMAIL
    wait = None
    broken_urls = (("smtp://", "missing_host"), ("smtp://a@mail.example", "half_credentials"))

    def __init__(self, folder: Path, pool: Pool | None) -> None:
        super().__init__(folder, pool)
        self.server = SmtpServer()

    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server.port}?pool=2&body_timeout=0.6"

    def payload(self, kind: str, number: int) -> Payload:
        return Email("news@shop.example", f"{kind}-{number}@example.com", b"Subject: x\r\n\r\nhello\r\n")


class TwilioCase(Case):
    channel = Channel.SMS
    broken_urls = (
        ("twilio://api.twilio.com?from=%2B15550100", "missing_credentials"),
        ("twilio://AC1:token@api.twilio.com", "missing_sender"),
        ("twilio://AC1:token@?from=+15550100", "missing_host"),
        ("twilio://AC1:token@api.twilio.com?form=+15550100", "unknown_option"),
    )

    def __init__(self, folder: Path, pool: Pool | None) -> None:
        super().__init__(folder, pool)
        self.server = TwilioServer()

    def url(self) -> str:
        return f"twilio://{SID}:{TOKEN}@127.0.0.1:{self.server.port}?from=+15550100&scheme=http"

    def payload(self, kind: str, number: int) -> Payload:
        endings = {"reject": 9001, "retry": 9003, "lost": 9004, "stall": 9005}
        return Sms(f"+1555010{endings.get(kind, number):04d}", "Hello & welcome + more")


class FcmCase(Case):
    channel = Channel.PUSH
    broken_urls = (
        ("fcm://fcm.googleapis.com", "missing_credentials"),
        ("fcm://fcm.googleapis.com?credentials=/nowhere.json", "missing_credentials"),
        ("fcm://fcm.googleapis.com?credentials=/dev/null", "bad_credentials"),
    )

    def __init__(self, folder: Path, pool: Pool | None) -> None:
        super().__init__(folder, pool)
        self.server = GoogleServer()

    def url(self) -> str:
        path = self.server.write_account(self.folder)
        return f"fcm://127.0.0.1:{self.server.port}?credentials={path}&scheme=http"

    def payload(self, kind: str, number: int) -> Payload:
        word = {"reject": "gone", "retry": "busy"}.get(kind, kind)
        return Push((f"{word}-{number}",), "Hello", "Welcome", "https://shop.example/a")


class HookCase(Case):
    channel = Channel.WEBHOOK
    broken_urls = (
        ("standard://", "missing_secret"),
        ("standard://whsec_c2hvcnQ=", "bad_secret"),
        ("standard://whsec_not*base64", "bad_secret"),
    )

    def __init__(self, folder: Path, pool: Pool | None) -> None:
        super().__init__(folder, pool)
        self.server = HookServer()

    def url(self) -> str:
        return f"standard://{SECRET}"

    def payload(self, kind: str, number: int) -> Payload:
        word = {"retry": "busy"}.get(kind, kind)
        return Webhook(f"http://127.0.0.1:{self.server.port}/{word}/{number}", {"hello": "wörld"})


class InboxCase(Case):
    channel = Channel.IN_APP
    kinds = frozenset({"reject"})
    broken_urls = (("inbox://somewhere", "bad_url"),)

    def url(self) -> str:
        return "inbox://"

    def payload(self, kind: str, number: int) -> Payload:
        return InApp("Hello\0" if kind == "reject" else "Hello", "Welcome", "https://shop.example")

    async def count(self) -> int:
        assert self.pool is not None
        return int(await self.pool.fetchval("SELECT count(*) FROM inbox_item"))


CASES: dict[str, type[Case]] = {
    "smtp": SmtpCase,
    "twilio": TwilioCase,
    "fcm": FcmCase,
    "standard": HookCase,
    "inbox": InboxCase,
}
