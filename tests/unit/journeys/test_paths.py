"""Branches and splits."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from making import NOW, a_customer
from motet.core.clock import to_ms
from motet.core.ids import derive_enrollment_id
from motet.core.steps import Share
from motet.core.words import EnrollmentStatus
from motet.journeys.steps.split import chance, pick
from walking import Walk, a_step

A, B, C = (a_step("exit", name, reason=name) for name in "abc")


def branch(*paths: tuple[str, dict[str, Any]], otherwise: str | None = None) -> Any:
    return a_step("branch", paths=[{"name": n, "condition": c, "go": n} for n, c in paths], otherwise=otherwise)


def test_the_first_path_that_holds_is_taken() -> None:
    step = branch(("b", {"total": {"$gt": 100}}), ("c", {"total": {"$gt": 10}}))
    for total, wanted in ((200, "b"), (50, "c"), (5, "a")):
        assert Walk(step, A, B, C, attributes={"total": total}).run().enrollment.exit_reason == wanted


def test_otherwise_names_a_step_or_goes_on() -> None:
    assert Walk(branch(("a", {"x": 1}), otherwise="c"), A, B, C).run().enrollment.exit_reason == "c"


def test_a_branch_sees_what_started_the_enrollment_and_what_was_kept() -> None:
    step = branch(("b", {"cart": 3, "splits.first": "left"}))
    walk = Walk(step, A, B, C, context={"cart": 3, "splits": {"first": "left"}})
    assert walk.run().enrollment.exit_reason == "b"


def test_a_branch_that_cannot_be_answered_yet_waits_for_the_count() -> None:
    walk = Walk(branch(("b", {"$did": {"event": "purchase"}})), A, B).run()
    assert walk.enrollment.status is EnrollmentStatus.ACTIVE
    assert walk.due is not None
    assert walk.due.total_seconds() == 30
    assert walk.enrollment.failures == 0


def split(*weights: float, experiment: str | None = None, name: str = "it") -> Any:
    paths = [{"name": n, "weight": w, "go": n} for n, w in zip("abc", weights, strict=False)]
    return a_step("split", name, paths=paths, experiment=experiment)


def ids(count: int) -> list[UUID]:
    program = UUID(int=99)
    return [derive_enrollment_id(a_customer().id, program, UUID(int=n), to_ms(NOW)) for n in range(count)]


def test_a_split_keeps_the_path_it_took_and_takes_it_again() -> None:
    (id,), taken = ids(1), set()
    for _ in range(3):
        walk = Walk(split(1, 1), A, B, id=id).run()
        taken.add(walk.enrollment.exit_reason)
        assert walk.enrollment.context["splits"] == {"it": walk.enrollment.exit_reason}
    assert len(taken) == 1


def test_an_experiment_is_drawn_once_for_a_customer_wherever_it_is_asked() -> None:
    customer = a_customer()
    for seed in range(20):
        customer = msgspec.structs.replace(customer, id=UUID(int=customer.id.int + 1 + seed))
        taken = set()
        for name, id in zip(("here", "there"), ids(2), strict=True):
            walk = Walk(split(1, 1, 1, experiment="tone", name=name), A, B, C, id=id)
            walk.customer = customer
            walk.run()
            taken.add(walk.enrollment.exit_reason)
            assert walk.enrollment.context["experiments"] == {"tone": walk.enrollment.exit_reason}
        assert len(taken) == 1


def test_chance_takes_paths_by_their_weights() -> None:
    weights = {"a": 1.0, "b": 3.0, "c": 6.0}
    shares = tuple(Share(name=name, weight=weight) for name, weight in weights.items())
    count = 20_000
    seen = Counter(pick(shares, chance(id.bytes, "it")).name for id in ids(count))
    for name, weight in weights.items():
        expected = count * weight / 10
        assert abs(seen[name] - expected) < 5 * (expected * (1 - weight / 10)) ** 0.5, "beyond five deviations"


def test_two_splits_of_one_enrollment_are_drawn_apart() -> None:
    count = 4000
    both = Counter((chance(id.bytes, "one") < 0.5, chance(id.bytes, "two") < 0.5) for id in ids(count))
    assert all(abs(n - count / 4) < 5 * (count * 3 / 16) ** 0.5 for n in both.values())


shares_ = st.lists(st.floats(0, 1000), min_size=1, max_size=8).filter(lambda weights: sum(weights) > 0)


@given(shares_, st.floats(0, 1, exclude_max=True))
def test_what_is_picked_has_weight(weights: list[float], drawn: float) -> None:
    paths = tuple(Share(name=str(n), weight=weight) for n, weight in enumerate(weights))
    assert pick(paths, drawn).weight > 0


@given(st.binary(min_size=16, max_size=16), st.text(max_size=50))
def test_chance_is_below_one_and_stable(id: bytes, salt: str) -> None:
    drawn = chance(id, salt)
    assert 0 <= drawn < 1
    assert chance(id, salt) == drawn


def test_a_split_without_weights_breaks_and_says_so() -> None:
    with pytest.raises(ValueError, match="without weights"):
        Walk(split(0, 0), A, B).run()
