"""The environment in, one checked configuration out."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from motet.config import read_config
from motet.core.errors import Refused
from motet.core.words import Channel


def read(home: Path, **env: str):
    return read_config({"MOTET_HOME": str(home), **env})


def refusal(home: Path, **env: str) -> Refused:
    with pytest.raises(Refused) as refused:
        read(home, **env)
    return refused.value


def test_nothing_set_gives_a_private_house_on_loopback(tmp_path):
    config = read(tmp_path)
    assert (config.host, config.port, config.api_key, config.database_url) == ("127.0.0.1", 8000, None, None)
    assert config.public_url == "http://127.0.0.1:8000"
    assert config.providers == {}


def test_the_secret_is_made_once_and_only_its_owner_reads_it(tmp_path):
    home = tmp_path / "new"
    first = read(home).secret
    assert len(first) >= 32
    assert read(home).secret == first
    assert stat.S_IMODE((home / "secret").stat().st_mode) == 0o600


def test_a_given_secret_wins_and_leaves_no_file(tmp_path):
    assert read(tmp_path, MOTET_SECRET="x" * 20).secret == b"x" * 20
    assert not (tmp_path / "secret").exists()


def test_a_short_secret_is_refused(tmp_path):
    assert [p.code for p in refusal(tmp_path, MOTET_SECRET="short").problems] == ["config.short_secret"]


@pytest.mark.parametrize("raw", ["0", "65536", "-1", "8000.0", "eighty", "²"])
def test_a_port_that_is_none_is_refused_by_name(tmp_path, raw):
    (problem,) = refusal(tmp_path, MOTET_PORT=raw).problems
    assert (problem.code, problem.path) == ("config.bad_number", "MOTET_PORT")


def test_an_open_door_needs_a_key(tmp_path):
    (problem,) = refusal(tmp_path, MOTET_HOST="0.0.0.0").problems
    assert problem.code == "config.open_without_key"
    assert "MOTET_API_KEY" in problem.fix
    assert read(tmp_path, MOTET_HOST="0.0.0.0", MOTET_API_KEY="k" * 30).api_key == "k" * 30


def test_every_wrong_variable_is_told_at_once(tmp_path):
    problems = refusal(tmp_path, MOTET_PORT="x", MOTET_LANES="0", MOTET_PUBLIC_URL="ftp://shop").problems
    assert {p.path for p in problems} == {"MOTET_PORT", "MOTET_LANES", "MOTET_PUBLIC_URL"}


def test_the_public_url_loses_its_trailing_slash(tmp_path):
    config = read(tmp_path, MOTET_PUBLIC_URL="https://news.shop.example/", MOTET_API_KEY="k" * 32)
    assert config.public_url == "https://news.shop.example"


def test_a_server_behind_a_public_address_needs_a_key(tmp_path):
    [problem] = refusal(tmp_path, MOTET_PUBLIC_URL="https://news.shop.example").problems
    assert (problem.code, problem.path) == ("config.open_without_key", "MOTET_API_KEY")
    assert read(tmp_path, MOTET_PUBLIC_URL="http://localhost:9000").public_url == "http://localhost:9000"


@pytest.mark.parametrize("url", ["ftp://x", "news.shop.example", "http://", "http://[::1"])
def test_a_public_address_that_cannot_be_reached_is_refused(tmp_path, url):
    assert refusal(tmp_path, MOTET_PUBLIC_URL=url, MOTET_API_KEY="k" * 32).problems[0].code == "config.bad_url"


def test_a_provider_is_read_for_each_channel_and_empty_means_none(tmp_path):
    config = read(tmp_path, MOTET_EMAIL_URL="smtp://mail", MOTET_IN_APP_URL="inbox://", MOTET_SMS_URL="")
    assert config.providers == {Channel.EMAIL: "smtp://mail", Channel.IN_APP: "inbox://"}


def test_the_egress_list_is_split_and_trimmed(tmp_path):
    assert read(tmp_path, MOTET_EGRESS_ALLOW=" 10.0.0.0/8, hooks.internal ,").egress_allow == (
        "10.0.0.0/8",
        "hooks.internal",
    )


def test_no_secret_shows_in_a_log(tmp_path):
    shown = repr(read(tmp_path, MOTET_SECRET="s3cret-" * 4, MOTET_EMAIL_URL="smtp://u:passw0rd@mail"))
    assert "s3cret" not in shown
    assert "passw0rd" not in shown
