"""`motet plan`, `apply` and `retry` of a journey, as a person and a program meet them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from motet.cli.main import main
from motet.storage.pool import Pool

SMS = {"channel": "sms", "content": {"text": "Hello"}}
TOUR: dict[str, Any] = {
    "kind": "journey",
    "name": "tour",
    "steps": [{"name": "hi", **SMS}, {"name": "ask", "type": "wait", "for": "1d"}, {"name": "bye", **SMS}],
}
EDITED = {**TOUR, "steps": [TOUR["steps"][0], TOUR["steps"][2]], "existing": "move"}


@pytest.fixture
def motet(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Callable[..., Any]:
    """Runs a command on a document, beside this test's loop; gives what it printed."""
    monkeypatch.setenv("MOTET_DATABASE_URL", database)
    monkeypatch.setenv("MOTET_HOME", str(tmp_path / "home"))
    file = tmp_path / "tour.yaml"

    async def run(*words: str, document: dict[str, Any] | None = None) -> str:
        named = []
        if document is not None:
            file.write_text(yaml.safe_dump(document))
            named = [str(file)]
        code = await asyncio.to_thread(main, [*words, *named])
        assert code == 0
        return str(capsys.readouterr().out)

    return run


async def test_a_plan_is_a_table_of_people(motet: Callable[..., Any], pool: Pool) -> None:
    await motet("apply", document=TOUR)
    revision = await pool.fetchval("SELECT revision_id FROM campaign")
    for step, people in ((0, 4), (1, 3)):
        await pool.execute("INSERT INTO step_stat VALUES (0, $1, $2, $3, 0)", revision, step, people)
    lines = (await motet("plan", document=EDITED)).splitlines()
    assert lines[0].split() == ["update", "tour"]
    assert [" ".join(line.split()) for line in lines[-2:]] == ["1 hi 4 go on at hi", "1 ask 3 stay where they are"]
    [planned] = json.loads(await motet("plan", "--json", document=EDITED))["plans"]
    assert planned["steps"] == [
        {"revision": 1, "step": "hi", "people": 4, "action": "moves", "to": "hi"},
        {"revision": 1, "step": "ask", "people": 3, "action": "stays", "to": None},
    ]
    left = await motet("plan", document={**EDITED, "moves": {"ask": "exit"}})
    assert " ".join(left.splitlines()[-1].split()) == "1 ask 3 leave"


async def test_nobody_to_try_again_with_is_said(motet: Callable[..., Any]) -> None:
    await motet("apply", document=TOUR)
    assert "0 of tour go on" in await motet("retry", "tour")
    assert json.loads(await motet("retry", "tour", "--json")) == {"name": "tour", "enrollments": 0}
