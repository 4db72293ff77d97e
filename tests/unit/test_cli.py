"""The command line as a person and a program meet it: exit codes, JSON, and errors with a place and a fix."""

from __future__ import annotations

import io
import json
import sys

import pytest
import structlog

from motet.cli.imports import read_mapping
from motet.cli.main import app, main
from motet.cli.options import start_log
from motet.cli.processes import read_channels
from motet.config import read_config
from motet.core.errors import Refused
from motet.core.words import Channel

GOOD = """
name: hello
trigger: {event: signup}
messages:
  - channel: sms
    content: {text: "Hello {{first_name}}"}
"""
BAD = """
name: hello
messages:
  - chanel: sms
    delay: soonish
    content: {text: Hello}
"""


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home of its own, and no database: nothing here may start one."""
    for name in ("MOTET_DATABASE_URL", "MOTET_EMAIL_URL", "MOTET_API_KEY", "MOTET_HOST", "MOTET_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MOTET_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def document(tmp_path):
    def write(text: str) -> str:
        path = tmp_path / "campaign.yaml"
        path.write_text(text)
        return str(path)

    return write


def test_every_face_of_the_tool_is_there():
    faces = {
        *("up", "serve", "work", "outbox", "demo", "migrate", "import", "export", "validate", "plan", "apply"),
        *("launch", "pause", "resume", "cancel", "retry", "status", "explain", "doctor"),
    }
    assert faces <= set(app)


@pytest.mark.parametrize("command", sorted(set(app) - {"--help", "-h", "--version", "import", "export"}))
def test_every_command_explains_itself_and_takes_json(command, capsys):
    assert main([command, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "--json" in shown
    assert command in shown


@pytest.mark.parametrize("what", ["import", "export"])
def test_customers_come_in_and_go_out(what, capsys):
    assert main([what, "customers", "--help"]) == 0
    assert "--json" in capsys.readouterr().out


def test_a_good_document_passes(document, capsys):
    assert main(["validate", document(GOOD)]) == 0
    assert "hello" in capsys.readouterr().out


def test_a_good_document_passes_for_a_program(document, capsys):
    assert main(["validate", document(GOOD), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "valid": True,
        "campaigns": ["hello"],
        "documents": [{"kind": "campaign", "name": "hello"}],
    }


def test_every_problem_of_a_document_is_told_with_its_place(document, capsys):
    path = document(BAD)
    assert main(["validate", path]) == 2
    shown = capsys.readouterr().err
    assert f"{path}:messages[0].chanel" in shown
    assert f"{path}:messages[0].delay" in shown
    assert "channel" in shown


def test_a_program_gets_problems_as_json(document, capsys):
    assert main(["validate", "--json", document(BAD)]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "document.invalid"
    assert all(problem["code"] and problem["path"] for problem in error["problems"])


def test_one_bad_file_does_not_hide_another(document, tmp_path, capsys):
    other = tmp_path / "other.yaml"
    other.write_text("name: [")
    assert main(["validate", "--json", document(BAD), str(other)]) == 2
    paths = " ".join(p["path"] for p in json.loads(capsys.readouterr().out)["error"]["problems"])
    assert "campaign.yaml" in paths
    assert "other.yaml" in paths


def test_a_file_that_is_not_there_is_named(capsys, tmp_path):
    assert main(["validate", str(tmp_path / "none.yaml")]) == 2
    assert "none.yaml" in capsys.readouterr().err


def test_a_file_that_is_no_text_is_refused(capsys, tmp_path):
    path = tmp_path / "latin.yaml"
    path.write_bytes("name: caf\u00e9".encode("latin-1"))
    assert main(["validate", "--json", str(path)]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["problems"][0]["code"] == "file.not_utf8"


@pytest.mark.parametrize("arguments", [["no-such-command"], ["validate", "--no-such-option"], ["launch"]])
def test_a_command_that_is_not_understood_exits_2(arguments, capsys):
    assert main(arguments) == 2
    assert "cli.bad_usage" in capsys.readouterr().err


def test_a_bad_environment_is_told_by_name(monkeypatch, capsys, document):
    monkeypatch.setenv("MOTET_PORT", "eighty")
    assert main(["plan", document(GOOD)]) == 2
    assert "MOTET_PORT" in capsys.readouterr().err


def test_launching_for_nobody_is_refused(capsys):
    assert main(["launch", "hello", "--customers", " , "]) == 2
    assert "cli.no_customers" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["welcome-series", "onboarding"])
def test_a_blueprint_can_be_printed_and_is_valid(name, capsys, document):
    assert main(["blueprint", name]) == 0
    assert main(["validate", document(capsys.readouterr().out)]) == 0


def test_blueprints_are_listed(capsys):
    assert main(["blueprint", "--json"]) == 0
    names = {b["name"] for b in json.loads(capsys.readouterr().out)["blueprints"]}
    assert {"welcome-series", "onboarding", "abandoned-cart-recovery", "win-back"} <= names


def test_an_import_without_its_file_starts_nothing(capsys, home, tmp_path):
    assert main(["import", "customers", str(tmp_path / "none.csv")]) == 2
    assert "none.csv" in capsys.readouterr().err
    assert not (home / "postgres").exists()


def test_a_demonstration_without_an_outbox_says_what_to_start(capsys):
    assert main(["demo"]) == 2
    assert "MOTET_OUTBOX_URL" in capsys.readouterr().err


def test_channels_are_read_and_a_wrong_one_is_named():
    assert read_channels("email, SMS") == {Channel.EMAIL, Channel.SMS}
    for wrong in ("email,fax", "email,", ""):
        with pytest.raises(Refused, match="is no channel"):
            read_channels(wrong)


def test_a_mapping_keeps_equals_signs_in_a_column_and_refuses_half_a_pair():
    assert read_mapping(["E-mail=email", "a=b=phone"]) == {"E-mail": "email", "a=b": "phone"}
    with pytest.raises(Refused, match="email"):
        read_mapping(["email"])


@pytest.mark.parametrize("terminal", [True, False])
def test_no_secret_of_a_local_variable_reaches_the_log(tmp_path, monkeypatch, terminal):
    class Screen(io.StringIO):
        def isatty(self):
            return terminal

    told = Screen()
    monkeypatch.setattr(sys, "stderr", told)
    start_log("info", "test")
    config = read_config(
        {"MOTET_HOME": str(tmp_path), "MOTET_API_KEY": "KEY-" * 8, "MOTET_EMAIL_URL": "smtp://u:PASSWORD@h"}
    )
    try:
        raise RuntimeError(f"boom in {config.home}")
    except RuntimeError:
        structlog.get_logger().exception("it broke")
    structlog.reset_defaults()
    assert "boom in" in told.getvalue()
    for secret in ("KEY-KEY-", "PASSWORD", config.secret.decode()):
        assert secret not in told.getvalue()
