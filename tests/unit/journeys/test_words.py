from __future__ import annotations

import pytest

from motet.journeys.steps.words import say_article, say_duration, say_list


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 second"), (90, "90 seconds"), (60, "1 minute"), (5400, "90 minutes"), (7200, "2 hours"), (86400, "1 day"),
     (0.5, "0.5 seconds"), (129600, "36 hours")],
)  # fmt: skip
def test_durations_are_said_in_the_largest_unit_that_fits(seconds: float, words: str) -> None:
    assert say_duration(seconds) == words


def test_lists_and_articles() -> None:
    assert [say_list(names, "or") for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "nothing", "a", "a or b", "a, b or c",
    ]  # fmt: skip
    assert (say_article("view or click"), say_article("unsubscribe")) == ("a view or click", "an unsubscribe")
