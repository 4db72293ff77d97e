"""The pages for users hold what the code has, and nothing that it has not."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import motet
from motet.authoring.campaign import validate
from motet.authoring.reading import read_documents
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


def test_every_link_between_pages_leads_somewhere():
    folders = {name: ROOT if name == "README.md" else ROOT / "docs" for name in PAGES}
    for name, text in PAGES.items():
        for target in re.findall(r"(?<!!)\[[^\]]*\]\(([^)#:]+)\)", text):
            assert (folders[name] / target).exists(), f"{name} links to {target}"


def test_the_version_is_one():
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert motet.__version__ == told
