"""What a second terminal learns of a household, and what it must not believe."""

from __future__ import annotations

import fcntl
import stat

import msgspec
import pytest

from motet.core.errors import Refused
from motet.core.words import Channel
from motet.household import Running, Wishes, live, local_url, read_running, read_surroundings


@pytest.fixture
def home(tmp_path):
    """A home with what a household leaves in it; nobody lives there."""
    env = {"MOTET_EMAIL_URL": "smtp://127.0.0.1:2525", "MOTET_OUTBOX_URL": "http://127.0.0.1:8001"}
    told = Running(pid=1, url="http://127.0.0.1:8000", env=env)
    (tmp_path / "running.json").write_bytes(msgspec.json.encode(told))
    (tmp_path / "up.lock").touch()
    return tmp_path


@pytest.fixture
def lived_in(home):
    with open(home / "up.lock", "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield home


def test_a_living_household_lends_its_providers(lived_in):
    config = read_surroundings({"MOTET_HOME": str(lived_in)})
    assert config.providers[Channel.EMAIL] == "smtp://127.0.0.1:2525"
    assert config.outbox_url == "http://127.0.0.1:8001"


def test_the_environment_wins_over_the_household(lived_in):
    config = read_surroundings({"MOTET_HOME": str(lived_in), "MOTET_EMAIL_URL": "smtp://mail.shop.example"})
    assert config.providers[Channel.EMAIL] == "smtp://mail.shop.example"


def test_what_a_dead_household_left_is_not_believed(home):
    assert read_running(home) is None
    assert read_surroundings({"MOTET_HOME": str(home)}).providers == {}


def test_a_broken_note_is_no_household(lived_in):
    (lived_in / "running.json").write_text("{")
    assert read_running(lived_in) is None


def test_two_households_do_not_share_a_home(lived_in):
    config = read_surroundings({"MOTET_HOME": str(lived_in)})
    with pytest.raises(Refused, match="already at http"):
        live(config, {}, Wishes(), lambda event, text: None)


def test_the_secret_of_a_new_home_is_private(tmp_path):
    config = read_surroundings({"MOTET_HOME": str(tmp_path / "new")})
    assert stat.S_IMODE((config.home / "secret").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
    ],
)
def test_the_printed_address_is_one_that_can_be_opened(tmp_path, host, url):
    config = read_surroundings({"MOTET_HOME": str(tmp_path), "MOTET_HOST": host, "MOTET_API_KEY": "k" * 32})
    assert local_url(config) == url
