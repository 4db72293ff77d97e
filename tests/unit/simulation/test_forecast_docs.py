"""The page on simulations says what is so."""

from __future__ import annotations

import re
from pathlib import Path

from motet.simulation.forecast.parameters import MANNERS, Manner, Parameters, Rate

PAGE = (Path(__file__).parents[3] / "docs" / "simulation.md").read_text()


def test_the_example_runs() -> None:
    [block] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(block, "docs/simulation.md", "exec"), {})


def test_every_parameter_is_explained() -> None:
    told = set(re.findall(r"`(?:[a-z]+\.[A-Z]+\.)?([a-z_]+)`", PAGE))
    names = {*Manner.__struct_fields__, *Rate.__struct_fields__, *Parameters.__struct_fields__}
    assert names - {"channels", "events"} <= told


def test_the_defaults_are_those_on_the_page() -> None:
    rows = dict(re.findall(r"\| `channels\.CHANNEL\.([a-z_]+)` \| ([^|]+) \|", PAGE))
    for name, text in rows.items():
        for channel, figure in re.findall(r"(email|sms|push|in_app) ([\d.]+)", text):
            assert getattr(MANNERS[channel], name) == float(figure)
