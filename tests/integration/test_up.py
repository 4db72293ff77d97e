"""`motet up` as it is: real processes on free ports, in a home of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from houses import House, open_houses, wait_for


@pytest.fixture
def up() -> Iterator[Callable[..., House]]:
    with open_houses() as start:
        yield start


def test_it_comes_up_survives_the_death_of_its_children_and_leaves_nothing(up):
    house = up()
    house.wait_until_well()
    wait_for(lambda: '"event":"ready"' in house.said(), 10, house.tell)

    for words in ("cli serve", "work --engine", "work --channels", "cli outbox"):
        wait_for(lambda words=words: house.member(words), 10, house.tell)
        victim = house.member(words)
        os.kill(victim, signal.SIGKILL)
        wait_for(lambda words=words, v=victim: house.member(words) not in (None, v), 20, house.tell)
    house.wait_until_well()

    assert house.end(signal.SIGTERM) == 0
    wait_for(lambda: not house.members(), 10, lambda: str(house.members()))


def test_postgresql_that_is_killed_comes_back(up):
    house = up()
    house.wait_until_well()
    os.kill(house.member("/bin/postgres -D"), signal.SIGKILL)
    wait_for(lambda: "PostgreSQL ended" in house.said(), 20, house.tell)
    house.wait_until_well()
    assert house.end(signal.SIGINT) == 0


def test_killed_itself_it_leaves_nobody_behind_and_starts_again(up):
    house = up()
    house.wait_until_well()
    house.end(signal.SIGKILL)
    wait_for(lambda: not house.members(), 20, lambda: str(house.members()))

    again = up()
    again.wait_until_well()
    assert again.end(signal.SIGTERM) == 0


def test_a_second_terminal_knows_the_house(up, tmp_path):
    house = up()
    house.wait_until_well()

    assert house.motet("up")["error"]["problems"][0]["code"] == "up.already_running"

    people = tmp_path / "people.csv"
    people.write_text("external_id,email\nc-1,ann@example.com\n")
    assert house.motet("import", "customers", str(people))["code"] == 0

    campaign = tmp_path / "hello.yaml"
    campaign.write_text(
        "name: hello\nmessages:\n  - channel: email\n    content: {subject: Hello, html: <p>Hello there</p>}\n"
    )
    assert house.motet("apply", str(campaign))["applied"][0]["revision"] == 1
    assert house.motet("launch", "hello")["code"] == 0  # by way of the outbox that `up` runs
    wait_for(lambda: _sent(house) == 1, 30, lambda: _state(house, "c-1"))

    explained = house.motet("explain", "--customer", "c-1")["explanations"]
    assert [e["verdict"] for e in explained] == ["send"]
    findings = house.motet("doctor")["findings"]
    assert not [f for f in findings if f["level"] == "error"]
    assert house.end(signal.SIGTERM) == 0


def _state(house: House, customer: str) -> str:
    """What there is to know when a message does not come."""
    said = [house.motet("status"), house.motet("explain", "--customer", customer), house.motet("doctor")]
    return "\n".join([*map(json.dumps, said), house.tell()])


def _sent(house: House) -> int:
    return next(row["sent"] for row in house.motet("status")["campaigns"] if row["name"] == "hello")


def test_a_taken_port_is_told_before_anything_starts(up):
    house = up()
    house.wait_until_well()
    other = house.home.parent / "other"
    done = subprocess.run(
        [sys.executable, "-m", "motet.cli", "up", "--json"],
        env={**house.env, "MOTET_HOME": str(other)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert json.loads(done.stdout.splitlines()[-1])["error"]["problems"][0]["code"] == "up.port_taken"
    assert not (other / "postgres").exists()
    assert house.end(signal.SIGTERM) == 0
