from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from motet.core.errors import Unavailable
from motet.storage.pool import Pool
from siting import Site, free_port, run_site


async def test_idle_connections_do_not_keep_others_out(site: Site) -> None:
    host, port = site.url.removeprefix("http://").split(":")
    writers: list[asyncio.StreamWriter] = []
    try:
        for _ in range(1200):
            reader, writer = await asyncio.open_connection(host, int(port))
            writers.append(writer)
            writer.write(b"GET /t/o/x.gif HTTP/1.1\r\nHost: x\r\n\r\n")
            async with asyncio.timeout(5):
                await reader.readuntil(b"\r\n\r\n")
        assert (await site.get("/healthz")).status == 200
    finally:
        for writer in writers:
            writer.close()


async def test_a_request_under_way_is_finished_on_a_stop(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered = asyncio.Event()

    async def slow(self: Any, now: object) -> dict[str, str]:
        entered.set()
        await asyncio.sleep(0.5)
        return {"slow": "done"}

    monkeypatch.setattr("motet.analytics.overview.OverviewReport.read", slow)
    async with run_site(pool, tmp_path) as site:
        asking = asyncio.create_task(site.get("/api/overview"))
        await entered.wait()
        site.stop.set()
        answer = await asking
        assert await answer.json() == {"slow": "done"}


async def test_a_taken_port_is_told_in_words(pool: Pool, tmp_path: Path) -> None:
    port = free_port()
    async with run_site(pool, tmp_path, port=port):
        with pytest.raises(Unavailable, match=f"cannot listen on 127.0.0.1:{port}"):
            async with run_site(pool, tmp_path, port=port):
                pass


async def test_pipelined_requests_are_answered_in_order(site: Site) -> None:
    host, port = site.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"GET /t/o/x.gif HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    async with asyncio.timeout(5):
        told = await reader.read()
    assert told.index(b"404 Not Found") < told.index(b'"status":"ok"')
    writer.close()
