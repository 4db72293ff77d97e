"""The pages for users hold what the code has, and nothing that it has not."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import motet
from motet.app import check_template
from motet.authoring.campaign import validate
from motet.authoring.reading import read_documents
from motet.authoring.steps.registry import FORMS
from motet.cli.main import app

ROOT = Path(__file__).parents[2]
SOURCES = {path: path.read_text() for path in (ROOT / "src" / "motet").rglob("*.py")}
PAGES = {path.name: path.read_text() for path in [*(ROOT / "docs").glob("*.md"), ROOT / "README.md"]}
CODE = r"\"([a-z]+\.[a-z_]+)\""
# Where a code is given its meaning: problems, notes on a document, faults of a template, refusals of a request.
GIVEN = re.compile(rf"(?:Problem|note|fault|failed|Rejection|Wrong|_refused|_bad)\(\s*(?:\d+,\s*)?{CODE}")


def test_every_code_that_a_user_may_meet_is_explained():
    given = {code for source in SOURCES.values() for code in GIVEN.findall(source)}
    assert len(given) > 80
    assert sorted(code for code in given if f"`{code}`" not in PAGES["bad-input.md"]) == []


def test_no_code_is_explained_that_nobody_gives():
    text = "\n".join(SOURCES.values())
    explained = re.findall(r"`([a-z]+\.[a-z_]+)`", PAGES["bad-input.md"])
    own_prefix = ("provider.", "callback.", "filter.", "customer.", "event.", "import.")  # put before a shorter word

    def is_given(code: str) -> bool:
        return f'"{code}"' in text or (code.startswith(own_prefix) and f'"{code.partition(".")[2]}"' in text)

    assert [code for code in explained if not is_given(code)] == []


def test_every_variable_is_explained_and_exists():
    read = re.compile(r"MOTET_[A-Z_]*[A-Z]")
    config = SOURCES[ROOT / "src/motet/config.py"] + SOURCES[ROOT / "src/motet/cli/options.py"]
    known = set(read.findall(config)) | {f"MOTET_{name}_URL" for name in ("EMAIL", "SMS", "PUSH", "IN_APP", "WEBHOOK")}
    explained = set(read.findall(PAGES["configuration.md"]))
    assert known <= explained
    assert explained <= known


def test_every_command_in_the_readme_is_one():
    words = set(re.findall(r"(?:^|`)motet ([a-z]+)", PAGES["README.md"], re.MULTILINE))
    assert len(words) > 5
    assert words <= set(app)


def test_every_campaign_in_the_pages_is_valid():
    blocks = re.findall(r"```yaml\n(name:.*?)```", PAGES["campaigns.md"], re.DOTALL)
    assert blocks
    for block in blocks:
        for document in read_documents(block, "campaigns.md"):
            assert validate(document) == []


HELLO = {"channel": "sms", "content": {"text": "Hello"}}
WAYS = ("hello", "thanks", "reminder")  # the steps that the parts in the page lead to


def complete(block: str) -> dict[str, Any]:
    """A journey, or a part of one as the page shows it in a whole one."""
    (part,) = read_documents(f"steps:\n{block}" if block.startswith("- ") else block, "journeys.md")
    if "kind" in part:
        return part
    paths = [{"when": {"way": name}, "go": name} for name in WAYS]
    ends = [{"name": name, **HELLO, "next": "exit"} for name in WAYS]
    steps = [{"type": "branch", "paths": paths}, *part.get("steps", []), *ends]
    return {"kind": "journey", "name": "part", **part, "steps": steps}


def test_every_journey_and_every_part_of_one_in_the_pages_is_valid():
    blocks = re.findall(r"```yaml\n(.*?)```", PAGES["journeys.md"], re.DOTALL)
    assert len(blocks) > 15
    for block in blocks:
        assert validate(complete(block), check_template) == [], block


def test_every_kind_of_step_has_an_example():
    shown = set(re.findall(r"type: (\w+)", PAGES["journeys.md"]))
    assert {form.words[0] for form in FORMS} <= shown


def test_every_link_between_pages_leads_somewhere():
    folders = {name: ROOT if name == "README.md" else ROOT / "docs" for name in PAGES}
    for name, text in PAGES.items():
        for target in re.findall(r"(?<!!)\[[^\]]*\]\(([^)#:]+)\)", text):
            assert (folders[name] / target).exists(), f"{name} links to {target}"


def test_the_version_is_one():
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert motet.__version__ == told
