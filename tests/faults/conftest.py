"""Workers to be killed and providers to be asked afterwards. Every test here is bounded in time."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from faults.crew import Crew
from faults.nursery import Nursery, hasten
from faults.providers import MailServer, Receiver

SECRET = "whsec_" + base64.b64encode(b"a secret of twenty-four bytes or more").decode()


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    opened = Nursery()
    yield opened
    opened.close()


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    opened = Receiver()
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def mail() -> Iterator[MailServer]:
    opened = MailServer()
    opened.open()
    yield opened
    opened.close()


@pytest.fixture
def hire(nursery: Nursery, receiver: Receiver, mail: MailServer, tmp_path: Path) -> Iterator[Callable[[str], Crew]]:
    """Workers on the database at a url, with the two providers."""
    crews: list[Crew] = []

    def open_crew(database: str) -> Crew:
        env = {
            "MOTET_HOME": str(tmp_path),
            "MOTET_DATABASE_URL": database,
            "MOTET_SECRET": "a secret for this test only",
            "MOTET_PUBLIC_URL": "http://motet.test",
            "MOTET_API_KEY": "a key, since others would reach motet.test",
            "MOTET_EMAIL_URL": f"smtp://127.0.0.1:{mail.port}?tls=none",
            "MOTET_WEBHOOK_URL": f"standard://{SECRET}",
            "MOTET_EGRESS_ALLOW": f"127.0.0.1:{receiver.port}",
        }
        crews.append(Crew(nursery, env, tmp_path / "workers.log"))
        return crews[-1]

    yield open_crew
    for crew in crews:
        crew.close()


@pytest.fixture
def crew(hire: Callable[[str], Crew], database: str) -> Crew:
    """Workers on the database of the test."""
    return hire(database)


@pytest.fixture
def haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short leases, beats and surveys for the workers inside the test's own process."""
    hasten(monkeypatch.setattr)
