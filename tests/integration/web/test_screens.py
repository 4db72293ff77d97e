from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from yarl import URL

from motet.storage.pool import Pool
from siting import run_site


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Screens as a build leaves them, and a secret beside them."""
    built = tmp_path / "screens"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text("<!doctype html><title>Motet</title>")
    (built / "assets" / "index-abc123.js").write_text("console.log('hello');" * 200)
    (built / "assets" / "font.woff2").write_bytes(b"wOF2")
    (tmp_path / "secret").write_text("secret")
    (built / "link").symlink_to(tmp_path / "secret")
    return built


async def test_hashed_assets_are_kept_for_good_and_the_page_is_not(pool: Pool, tmp_path: Path, folder: Path) -> None:
    async with run_site(pool, tmp_path, screens=folder) as site:
        page = await site.get("/")
        assert page.status == 200
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert page.headers["Cache-Control"] == "no-cache"
        policy = page.headers["Content-Security-Policy"]
        assert "script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        script = await site.get("/assets/index-abc123.js")
        assert "immutable" in script.headers["Cache-Control"]
        assert script.headers["Content-Encoding"] == "gzip"
        assert (await script.text()).startswith("console.log")
        plain = await site.get("/assets/index-abc123.js", headers={"Accept-Encoding": "identity"})
        assert "Content-Encoding" not in plain.headers
        assert await plain.read() == await script.read()
        again = await site.get("/", headers={"If-None-Match": page.headers["ETag"]})
        assert (again.status, await again.read()) == (304, b"")


async def test_every_screens_address_gives_the_page(pool: Pool, tmp_path: Path, folder: Path) -> None:
    async with run_site(pool, tmp_path, screens=folder) as site:
        for path in ("/campaigns", "/campaigns/hello", "/customers/0190-abc"):
            assert "<title>Motet" in await (await site.get(path)).text()
        for path in ("/assets/gone-def.js", "/missing.png", "/assets/"):
            assert (await site.get(path)).status == 404
        assert (await site.post("/campaigns", {})).status == 405


@pytest.mark.parametrize("path", ["/../secret", "/%2e%2e/secret", "/assets/..%2f..%2fsecret", "/link", "//etc/passwd"])
async def test_nothing_outside_the_folder_is_served(pool: Pool, tmp_path: Path, folder: Path, path: str) -> None:
    async with (
        run_site(pool, tmp_path, screens=folder) as site,
        site.client.get(URL(site.url + path, encoded=True)) as answer,
    ):
        assert "secret" not in (await answer.text()).replace("/secret", "")
        assert "root:" not in await answer.text()


async def test_a_new_build_is_served_without_a_restart(pool: Pool, tmp_path: Path, folder: Path) -> None:
    async with run_site(pool, tmp_path, screens=folder) as site:
        await site.get("/")
        (folder / "index.html").write_text("<title>Newer</title>")
        os.utime(folder / "index.html", ns=(1, 2_000_000_000_000_000_000))
        assert "Newer" in await (await site.get("/")).text()


async def test_screens_that_are_not_built_say_so(pool: Pool, tmp_path: Any) -> None:
    async with run_site(pool, tmp_path, screens=tmp_path / "nowhere") as site:
        answer = await site.get("/")
        assert answer.status == 503
        assert "make screens" in await answer.text()
        assert (await site.get("/favicon.ico")).status == 404
