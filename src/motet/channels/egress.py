"""The one HTTP client by which Motet reaches out.

A URL that a user wrote (`trusted=False`) can reach public addresses only: the address is checked where the socket is
made, after the name was resolved, so neither a name that points inside, nor one that changes its mind, nor an odd way
of writing 127.0.0.1 gets through. A URL that the operator wrote in the environment (`trusted=True`) may point anywhere.
No redirect is followed, no proxy taken from the environment; time and size have budgets.

MotetError
 +-- NotSent            the request certainly did not leave: no address, no connection, no TLS
 |    +-- Forbidden     the URL or its address is not allowed; it will never be
 +-- Lost               it left, or part of it did, and no whole answer came back
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

import aiohttp
import msgspec
from yarl import URL

from motet.core.errors import MotetError

_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_V4_COMPATIBLE = IPv6Network("::/96")


class NotSent(MotetError):
    """The request certainly did not leave this machine."""

    code = "egress.not_sent"


class Forbidden(NotSent):
    """The URL, or the address that its host has, must not be reached."""

    code = "egress.forbidden"


class Lost(MotetError):
    """The request may have arrived; its answer did not."""

    code = "egress.lost"


class Response(msgspec.Struct, frozen=True):
    """A whole answer. Redirects are answers like others."""

    status: int
    headers: Mapping[str, str]  # names in any case
    body: bytes


class _Barred(OSError):
    """Raised where the socket is made; aiohttp hands it on inside its own error.

    The same words for every address: where all addresses of a host fail alike, the connector raises one of them.
    """

    def __init__(self) -> None:
        super().__init__(errno.EACCES, "not a public address")


class Egress:
    """Two pools of connections, one for trusted URLs and one that is guarded; never shared between them.

    `allow` names what user URLs may reach too: hosts (`hooks.shop.example`), one port of a host (`127.0.0.1:8001`) and
    networks (`10.1.0.0/16`).
    """

    def __init__(self, allow: Sequence[str] = (), *, connections: int = 100, timeout: float = 30.0) -> None:
        self._hosts, self._networks = _read_allow(allow)
        self._connections, self._timeout = connections, timeout
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
        trusted: bool = False,
        timeout: float | None = None,
        limit: int = 65_536,
        cut: bool = False,
    ) -> Response:
        """Sends one request and reads its answer: at most `timeout` seconds (no more than the client's own) and
        `limit` bytes.

        Raises Forbidden, NotSent, or Lost. An answer longer than `limit` is Lost, or with `cut` cut there.
        """
        target = _read_url(url)
        trusted = trusted or not self._hosts.isdisjoint((target.raw_host or "", f"{target.raw_host}:{target.port}"))
        seconds = min(timeout or self._timeout, self._timeout)
        try:
            async with self._session(trusted).request(
                method,
                target,
                headers=headers,
                data=data,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=seconds, connect=min(10.0, seconds / 2)),
            ) as answer:
                body = await _read_body(answer.content, limit, cut=cut)
                return Response(answer.status, answer.headers, body)
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.__cause__, _Barred):
                raise Forbidden(f"{target.host} is not a public address") from error
            raise NotSent(f"{target.host} cannot be reached: {error.__cause__}"[:300]) from error
        except aiohttp.ConnectionTimeoutError as error:
            raise NotSent(f"{target.host} did not answer in time") from error
        except aiohttp.InvalidURL as error:
            raise Forbidden("the URL cannot be read") from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Lost(f"no answer from {target.host}: {type(error).__name__}") from error

    async def close(self) -> None:
        """Closes every connection."""
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            await session.close()

    def _session(self, trusted: bool) -> aiohttp.ClientSession:
        session = self._sessions.get(trusted)
        if session is None:
            connector = aiohttp.TCPConnector(
                limit=self._connections,
                ttl_dns_cache=30,
                socket_factory=None if trusted else self._make_socket,
            )
            session = self._sessions[trusted] = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,  # an answer must not grow in our hands
                headers={"User-Agent": "Motet", "Accept-Encoding": "identity"},
            )
        return session

    def _make_socket(self, info: tuple[Any, ...]) -> socket.socket:
        """Makes the socket for an address that was resolved, or raises _Barred. Every guarded connection passes."""
        family, kind, protocol, _, address = info
        if not self._permits(ip_address(str(address[0]).partition("%")[0])):
            raise _Barred
        return socket.socket(family=family, type=kind, proto=protocol)

    def _permits(self, address: IPv4Address | IPv6Address) -> bool:
        return is_public(address) or any(address in network for network in self._networks)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address belongs to the public internet: not private, shared (RFC 6598), loopback, link-local,
    multicast or reserved, and not an IPv6 form that carries such an IPv4 address."""
    if isinstance(address, IPv6Address):
        inner = _inner(address)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _inner(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for: mapped, 6to4, Teredo, NAT64 or compatible."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in _NAT64) or address in _V4_COMPATIBLE:
        return IPv4Address(address.packed[-4:])
    return None


def _read_allow(allow: Sequence[str]) -> tuple[frozenset[str], tuple[Any, ...]]:
    hosts, networks = set(), []
    for entry in allow:
        try:
            networks.append(ip_network(entry, strict=False))
        except ValueError:
            hosts.add(entry.strip().lower())
    return frozenset(hosts), tuple(networks)


def _read_url(url: str) -> URL:
    try:
        target = URL(url)
    except ValueError as error:
        raise Forbidden("the URL cannot be read") from error
    if target.scheme not in ("http", "https") or not target.host:
        raise Forbidden("the URL does not start with http:// or https:// and a host")
    return target


async def _read_body(content: aiohttp.StreamReader, limit: int, *, cut: bool) -> bytes:
    body = bytearray()
    async for chunk in content.iter_chunked(16_384):
        body += chunk
        if len(body) > limit and cut:
            return bytes(body[:limit])
        if len(body) > limit:
            raise aiohttp.ClientPayloadError(f"longer than {limit} bytes")
    return bytes(body)
