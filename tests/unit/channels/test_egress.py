from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from ipaddress import ip_address

import pytest
import pytest_asyncio
from aiohttp import web

from motet.channels.egress import Egress, Forbidden, Lost, NotSent, is_public

INSIDE = [
    "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.2.1", "198.18.0.1", "203.0.113.9", "224.0.0.1", "240.0.0.1",
    "255.255.255.255", "::", "::1", "fe80::1", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::7f00:1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1",
    "2002:7f00:1::", "2002:a00:1::", "2001:0:4136:e378:8000:63bf:f5ff:fffe", "100::1",
]  # fmt: skip
OUTSIDE = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", INSIDE)
def test_address_inside_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", OUTSIDE)
def test_address_outside_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest_asyncio.fixture
async def port() -> AsyncIterator[int]:
    """A server on this machine, which a user's URL must not reach."""

    async def answer(request: web.Request) -> web.StreamResponse:
        match request.path:
            case "/away":
                return web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"})
            case "/long":
                return web.Response(body=b"x" * 200_000)
            case "/slow":
                await asyncio.sleep(30)
            case "/cut":
                assert request.transport is not None
                request.transport.abort()
            case "/zip":
                return web.Response(body=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
        return web.Response(text=await request.text(), headers={"X-Seen": request.headers.get("X-Ask", "")})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


@pytest_asyncio.fixture
async def egress() -> AsyncIterator[Egress]:
    made = Egress(timeout=1.0)
    yield made
    await made.close()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0.0.0.0",
        "[::ffff:127.0.0.1]",
        "[::1]",
    ],
)
async def test_url_of_a_user_does_not_reach_this_machine_however_it_is_written(
    egress: Egress, port: int, host: str
) -> None:
    with pytest.raises(Forbidden):
        await egress.request("POST", f"http://{host}:{port}/", data=b"x")


async def test_name_that_points_inside_is_caught_after_it_is_resolved(
    egress: Egress, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def resolve(*args: object, **more: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    with pytest.raises(Forbidden):
        await egress.request("POST", f"http://rebound.example:{port}/")


async def test_trusted_url_may_point_inside_and_lends_no_connection_to_a_user(egress: Egress, port: int) -> None:
    url = f"http://127.0.0.1:{port}/"
    response = await egress.request("POST", url, data=b"hello", headers={"X-Ask": "1"}, trusted=True)
    assert (response.status, response.body, response.headers["x-seen"]) == (200, b"hello", "1")
    with pytest.raises(Forbidden):
        await egress.request("POST", url)


@pytest.mark.parametrize("allow", ["127.0.0.1", "127.0.0.0/8", "localhost"])
async def test_operator_can_allow_a_host_or_a_network(port: int, allow: str) -> None:
    egress = Egress([allow])
    host = "localhost" if allow == "localhost" else "127.0.0.1"
    response = await egress.request("GET", f"http://{host}:{port}/")
    with pytest.raises((Forbidden, NotSent)):
        await egress.request("GET", f"http://169.254.169.254:{port}/", timeout=0.2)
    await egress.close()
    assert response.status == 200


async def test_operator_can_allow_one_port_and_no_other(port: int) -> None:
    egress = Egress([f"127.0.0.1:{port}"])
    assert (await egress.request("GET", f"http://127.0.0.1:{port}/")).status == 200
    with pytest.raises(Forbidden):
        await egress.request("GET", f"http://127.0.0.1:{port + 1}/")
    await egress.close()


@pytest.mark.parametrize(
    "url", ["ftp://x.example/", "file:///etc/passwd", "http://", "", "//x", "http://[::1", "http:/x"]
)
async def test_url_that_is_none_of_http_is_forbidden(egress: Egress, url: str) -> None:
    with pytest.raises(Forbidden):
        await egress.request("GET", url)


async def test_redirect_is_an_answer(egress: Egress, port: int) -> None:
    response = await egress.request("GET", f"http://127.0.0.1:{port}/away", trusted=True)
    assert response.status == 302


async def test_compressed_answer_stays_as_it_is(egress: Egress, port: int) -> None:
    response = await egress.request("GET", f"http://127.0.0.1:{port}/zip", trusted=True)
    assert response.body == b"\x1f\x8b"


@pytest.mark.parametrize("path", ["long", "slow", "cut"])
async def test_request_whose_answer_is_not_had_whole_is_lost(egress: Egress, port: int, path: str) -> None:
    with pytest.raises(Lost):
        await egress.request("POST", f"http://127.0.0.1:{port}/{path}", trusted=True)


async def test_request_that_found_nobody_was_not_sent(egress: Egress) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(NotSent) as caught:
            await egress.request("POST", f"http://127.0.0.1:{free.getsockname()[1]}/", trusted=True)
    assert not isinstance(caught.value, Forbidden)


async def test_server_that_does_not_speak_tls_was_not_sent_to(egress: Egress, port: int) -> None:
    with pytest.raises(NotSent):
        await egress.request("POST", f"https://127.0.0.1:{port}/", trusted=True)
