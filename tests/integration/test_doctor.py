"""What the doctor finds in a house: on a real database, with the settings of a case each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from motet.config import Config, read_config
from motet.core.clock import to_ms
from motet.core.ids import uuid7
from motet.core.words import Channel
from motet.doctor import Finding, examine


@pytest.fixture
def house(tmp_path, database):
    """Makes a configuration over a fresh migrated database."""

    def make(**env: str) -> Config:
        return read_config({"MOTET_HOME": str(tmp_path / "home"), "MOTET_DATABASE_URL": database, **env})

    return make


def about(findings: list[Finding], topic: str) -> Finding:
    return next(f for f in findings if f.topic == topic)


async def test_a_new_house_has_no_error_and_tells_what_is_not_set_up(house):
    findings = await examine(house())
    assert [f for f in findings if f.level == "error"] == []
    unserved = {f.text.split()[0] for f in findings if f.topic == "provider" and f.level == "warning"}
    assert unserved == {"email", "sms", "push", "webhook"}
    assert any("in_app is served by inbox" in f.text for f in findings)


async def test_every_finding_that_is_not_well_has_a_fix(house):
    findings = await examine(house(MOTET_EMAIL_URL="smtp://", MOTET_SMS_URL="pigeon://x", MOTET_DKIM="half"))
    assert len([f for f in findings if f.level == "error"]) >= 3
    assert [f for f in findings if f.level != "ok" and not f.fix] == []


async def test_a_real_mail_server_asks_for_a_real_sender_and_a_public_address(house):
    findings = await examine(house(MOTET_EMAIL_URL="smtp://mail.shop.example:25"))
    assert about(findings, "sender").level == "error"
    assert about(findings, "public_url").level == "error"
    assert about(findings, "postal_address").level == "warning"
    assert about(findings, "dkim").level == "warning"


async def test_settings_that_are_whole_are_well(house):
    findings = await examine(
        house(
            MOTET_EMAIL_URL="smtp://mail.shop.example:25",
            MOTET_SENDER="Shop <hello@shop.example>",
            MOTET_POSTAL_ADDRESS="1 High Street",
            MOTET_PUBLIC_URL="https://news.shop.example",
            MOTET_API_KEY="k" * 32,
        )
    )
    assert about(findings, "public_url").level == "ok"
    assert {f.topic for f in findings if f.level == "warning"} == {"provider", "dkim"}


async def test_a_dkim_key_that_cannot_be_read_is_an_error(house, tmp_path):
    dkim = f"news:shop.example:{tmp_path / 'none.pem'}"
    findings = await examine(house(MOTET_EMAIL_URL="smtp://mail.shop.example:25", MOTET_DKIM=dkim))
    assert about(findings, "dkim").level == "error"
    assert "none.pem" in about(findings, "dkim").text


async def test_a_database_that_was_not_migrated_is_told_with_the_command(house, database):
    connection = await asyncpg.connect(database)
    await connection.execute("DELETE FROM migration")
    await connection.close()
    found = about(await examine(house()), "migrations")
    assert found.level == "error"
    assert "motet migrate" in found.text + found.fix


async def test_a_missing_partition_is_found_before_it_hurts(house, database):
    connection = await asyncpg.connect(database)
    parts = "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'event'::regclass"
    for row in await connection.fetch(parts):
        await connection.execute(f"DROP TABLE {row['name']}")
    await connection.close()
    assert about(await examine(house()), "partitions").level == "error"


async def test_an_archive_that_nobody_keeps_or_whose_files_are_gone_is_told(house, database):
    assert about(await examine(house()), "archive").level == "ok"
    old = uuid7(to_ms(datetime.now(UTC) - timedelta(hours=2)))
    connection = await asyncpg.connect(database)
    event = "INSERT INTO event (lane, customer_id, id, name, at, source) VALUES (1, $1, $2, 'login', now(), 'api')"
    await connection.execute(event, old, old)
    late = about(await examine(house()), "archive")
    assert late.level == "warning"
    assert "120 minutes" in late.text
    columns = "id, kind, path, first_day, last_day, rows, bytes, learned, created_at"
    values = "$1, 1, 'events/none.parquet', current_date, current_date, 1, 1, '{}', now()"
    await connection.execute(f"INSERT INTO archive_file ({columns}) VALUES ({values})", old)
    await connection.close()
    lost = about(await examine(house()), "archive")
    assert lost.level == "error"
    assert "events/none.parquet" in lost.text


async def test_a_database_that_is_away_is_told_and_the_rest_is_still_looked_at(house):
    findings = await examine(house(MOTET_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none"))
    assert about(findings, "database").level == "error"
    assert about(findings, "public_url").level == "ok"


async def test_a_secret_that_others_may_read_is_a_warning(house):
    config = house()
    (config.home / "secret").chmod(0o644)
    assert about(await examine(config), "secret").level == "warning"


async def test_a_short_api_key_is_a_warning(house):
    assert about(await examine(house(MOTET_API_KEY="short")), "api_key").level == "warning"


async def test_the_local_outbox_needs_no_public_address(house):
    config = house(MOTET_EMAIL_URL="smtp://u:p@127.0.0.1:2525?tls=none", MOTET_OUTBOX_URL="http://127.0.0.1:8001")
    findings = await examine(config)
    assert Channel.EMAIL in config.providers
    assert about(findings, "public_url").level == "ok"
