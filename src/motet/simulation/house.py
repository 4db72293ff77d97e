"""The demonstration's way to the world: Motet's API and the outbox, over HTTP, as any shop and any reader would."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
import msgspec

from motet.core.errors import MotetError, Unavailable

_TIMEOUT = aiohttp.ClientTimeout(total=60, connect=5)
_LISTENING = aiohttp.ClientTimeout(total=None, connect=5, sock_read=45)
_CLOSED = {502, 503, 504}
_BULK = 1_000  # customers or events a request

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class ApiRefused(MotetError):
    """The API understood and said no; the sentence is its own."""

    code = "demo.refused"

    def __init__(self, status: int, path: str, answer: Any) -> None:
        self.status = status
        said = answer.get("detail") or answer.get("title") if isinstance(answer, dict) else answer
        super().__init__(f"{path} answered {status}: {said}")


class House:
    """One client for both. Raises Unavailable when the house is closed and ApiRefused when it says no."""

    def __init__(self, api_url: str, outbox_url: str, *, api_key: str | None = None) -> None:
        self.api_url = api_url.rstrip("/")
        self.outbox_url = outbox_url.rstrip("/")
        self._key = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> House:
        connector = aiohttp.TCPConnector(limit=12)
        self._session = aiohttp.ClientSession(timeout=_TIMEOUT, connector=connector)
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def is_open(self) -> bool:
        """Whether both the API and the outbox answer."""
        try:
            await self._ask("GET", f"{self.api_url}/healthz")
            await self._ask("GET", f"{self.outbox_url}/healthz")
        except (Unavailable, ApiRefused):
            return False
        return True

    async def count_customers(self) -> int:
        return int((await self._api("GET", "/api/overview"))["customers"])

    async def has_customer(self, external_id: str) -> bool:
        try:
            await self._api("GET", f"/api/customers/{quote(external_id, safe='')}")
        except ApiRefused as refused:
            if refused.status != 404:
                raise
            return False
        return True

    async def put_customers(self, records: Sequence[dict[str, Any]]) -> int:
        """Creates or updates; returns how many were refused."""
        refused = 0
        for start in range(0, len(records), _BULK):
            answer = await self._api("POST", "/api/customers/bulk", {"customers": records[start : start + _BULK]})
            refused += len(answer.get("rejected", ()))
        return refused

    async def post_events(self, events: Sequence[dict[str, Any]]) -> int:
        """Reports events; returns how many were refused."""
        refused = 0
        for start in range(0, len(events), _BULK):
            answer = await self._api("POST", "/api/events", {"events": events[start : start + _BULK]})
            refused += len(answer.get("rejected", ()))
        return refused

    async def list_audiences(self) -> set[str]:
        """The names of every segment and trait."""
        segments = (await self._api("GET", "/api/segments"))["segments"]
        traits = (await self._api("GET", "/api/traits"))["traits"]
        return {row["name"] for row in (*segments, *traits)}

    async def apply_audience(self, document: dict[str, Any]) -> None:
        await self._api("POST", "/api/segments", document)

    async def list_campaigns(self) -> dict[str, str]:
        """The status of every campaign, by name."""
        answer = await self._api("GET", "/api/campaigns")
        return {row["name"]: row["status"] for row in answer["campaigns"]}

    async def list_blueprints(self) -> list[dict[str, Any]]:
        answer = await self._api("GET", "/api/blueprints")
        rows: list[dict[str, Any]] = answer["blueprints"] if isinstance(answer, dict) else answer
        return rows

    async def apply(self, document: dict[str, Any]) -> None:
        await self._api("POST", "/api/campaigns", document)

    async def launch(self, name: str, *, audience: bool) -> None:
        await self._api("POST", f"/api/campaigns/{quote(name, safe='')}/launch", {"audience": audience})

    async def read_message(self, id: str) -> dict[str, Any] | None:
        """A message whole, from the outbox; None when it has made room for newer ones."""
        try:
            answer: dict[str, Any] = await self._ask("GET", f"{self.outbox_url}/messages/{quote(id, safe='')}")
        except ApiRefused:
            return None
        return answer

    async def hear_messages(self, after: str | None) -> AsyncIterator[dict[str, Any]]:
        """What the outbox receives, row by row, until the stream ends; from `after` on when it is given."""
        headers = {"Last-Event-ID": after} if after else {}
        try:
            async with self._client.get(f"{self.outbox_url}/stream", headers=headers, timeout=_LISTENING) as answer:
                async for line in answer.content:
                    if line.startswith(b"data: "):
                        yield _decode(line[6:])
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(f"the outbox hung up: {error}") from error

    async def visit(self, url: str, agent: str) -> None:
        """Fetches a pixel or follows a link the way a mail program does, but never beyond Motet."""
        await self._ask("GET", self._ours(url), headers={"User-Agent": agent})

    async def leave(self, url: str) -> None:
        """The one-click unsubscribe that a mail program offers (RFC 8058)."""
        await self._ask("POST", self._ours(url), form={"List-Unsubscribe": "One-Click"})

    def _ours(self, url: str) -> str:
        """The same place at the API's own address: a link in a message never makes us call anybody else."""
        parts = urlsplit(url)
        return f"{self.api_url}{parts.path}" + (f"?{parts.query}" if parts.query else "")

    @property
    def _client(self) -> aiohttp.ClientSession:
        assert self._session is not None, "use `async with`"
        return self._session

    async def _api(self, method: str, path: str, body: Any = None) -> Any:
        raw = None if body is None else _encode(body)
        headers = self._key | ({"Content-Type": "application/json"} if raw is not None else {})
        return await self._ask(method, f"{self.api_url}{path}", raw=raw, headers=headers)

    async def _ask(
        self,
        method: str,
        url: str,
        *,
        raw: bytes | None = None,
        form: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Any:
        try:
            async with self._client.request(
                method, url, data=raw if raw is not None else form, headers=headers, allow_redirects=False
            ) as answer:
                content = await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(f"{urlsplit(url).netloc} does not answer: {error}") from error
        path = urlsplit(url).path
        if answer.status in _CLOSED:
            raise Unavailable(f"{path} answered {answer.status}")
        known = _json(content) if "json" in answer.content_type else None
        if answer.status >= 400:
            raise ApiRefused(answer.status, path, known)
        return known


def _json(content: bytes) -> Any:
    try:
        return _decode(content)
    except msgspec.DecodeError:
        return None
