from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from motet.core.words import Channel
from motet.outbox.credentials import outbox_providers, read_credentials


def test_accounts_are_made_once_for_everybody(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda _: read_credentials(tmp_path).account_sid, range(4)))
    assert len(set(made)) == 1


def test_only_the_owner_can_read_them_and_no_draft_is_left(tmp_path: Path) -> None:
    outbox_providers(tmp_path, 1025, 8025)
    files = list((tmp_path / "outbox").iterdir())
    assert sorted(file.name for file in files) == ["accounts.json", "service-account.json"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_the_service_account_follows_the_port_and_keeps_its_key(tmp_path: Path) -> None:
    account = tmp_path / "outbox" / "service-account.json"
    outbox_providers(tmp_path, 1025, 8025)
    before = json.loads(account.read_text())
    outbox_providers(tmp_path, 1025, 9000)
    after = json.loads(account.read_text())
    assert after == before | {"token_uri": "http://127.0.0.1:9000/token"}


def test_secrets_are_not_in_the_repr(tmp_path: Path) -> None:
    credentials = read_credentials(tmp_path)
    for secret in (credentials.auth_token, credentials.webhook_secret, credentials.private_key):
        assert secret not in repr(credentials)


def test_every_channel_of_the_outbox_has_an_url(tmp_path: Path) -> None:
    urls = outbox_providers(tmp_path, 1025, 8025)
    assert set(urls) == {Channel.EMAIL, Channel.SMS, Channel.PUSH, Channel.IN_APP, Channel.WEBHOOK}
    assert urls[Channel.WEBHOOK].removeprefix("standard://whsec_").isalnum()
