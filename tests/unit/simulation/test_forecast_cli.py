"""`motet simulate` as a person and a program meet it, without a database."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from motet.cli.main import main

DOCUMENT = """
name: hello
trigger: {event: signup}
messages:
  - {name: first, channel: sms, content: {text: "Hello {{first_name}}"}}
simulation:
  channels: {sms: {clicks: 1.0}}
"""


@pytest.fixture(autouse=True)
def document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A document in a home of its own; nothing here may start a database."""
    monkeypatch.delenv("MOTET_DATABASE_URL", raising=False)
    monkeypatch.setenv("MOTET_HOME", str(tmp_path / "home"))
    path = tmp_path / "hello.yaml"
    path.write_text(DOCUMENT)
    return str(path)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = main(["simulate", *arguments])
    return code, capsys.readouterr().out


def test_a_program_reads_the_report(document: str, capsys: pytest.CaptureFixture[str]) -> None:
    order = (document, "--customers", "40", "--days", "5", "--start", "2026-11-24", "--json", "--set", "spread=0")
    code, told = run(capsys, *order)
    report = json.loads(told)
    assert code == 0
    assert (report["totals"]["entered"], report["days"], report["start"]) == (40, 5, "2026-11-24T00:00:00Z")
    assert (report["parameters"]["spread"], report["parameters"]["channels"]["sms"]["clicks"]) == (0.0, 1.0)
    assert run(capsys, *order)[1] == told


def test_a_marketer_reads_it_in_words(document: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = run(capsys, document, "--customers", "40", "--days", "5")
    assert code == 0
    for words in ("Nothing was sent", "Step by step", "Send by sms", "By channel", "Day by day", "is sent sms"):
        assert words in told


def test_a_blueprint_is_simulated_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = run(capsys, "onboarding", "--customers", "20", "--json")
    assert (code, json.loads(told)["kind"]) == (0, "journey")


@pytest.mark.parametrize(
    ("options", "code"),
    [(["--segment", "a", "--real", "3"], "cli.segment_and_real"), (["--set", "buys"], "simulation.bad_parameter"),
     (["--days", "0"], "simulation.bad_order"), (["--start", "soon"], "simulation.bad_order")],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_code(
    document: str, options: list[str], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ended, told = run(capsys, document, "--json", *options)
    assert (ended, json.loads(told)["error"]["problems"][0]["code"]) == (2, code)
