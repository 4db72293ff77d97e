from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motet.core.ids import (
    derive_enrollment_id,
    derive_message_id,
    enrollment_of,
    lane_of,
    ms_of,
    uuid7,
    uuid7_floor,
    visit_of,
)

moments = st.integers(0, 2**47)
causes = st.uuids()


@given(moments)
def test_uuid7_carries_its_moment_and_version(ms: int) -> None:
    made = uuid7(ms)
    assert ms_of(made) == ms
    assert made.version == 7
    assert made.variant == UUID(int=0x8 << 60).variant
    assert uuid7_floor(ms) <= made < uuid7_floor(ms + 1)


@given(moments, causes, causes, st.integers(0, 4095), st.integers(1, 15), st.integers(1, 1024))
def test_what_belongs_to_a_customer_stays_in_their_lane(
    ms: int, program: UUID, cause: UUID, visit: int, channel: int, lanes: int
) -> None:
    customer = uuid7(ms)
    enrollment = derive_enrollment_id(customer, program, cause, ms)
    message = derive_message_id(enrollment, visit, channel)
    assert lane_of(customer, lanes) == lane_of(enrollment, lanes) == lane_of(message, lanes)
    assert enrollment_of(message) == enrollment
    assert visit_of(message) == visit
    assert message.version == enrollment.version == 7


@given(moments, causes, causes)
def test_the_same_cause_gives_the_same_enrollment(ms: int, program: UUID, cause: UUID) -> None:
    customer = uuid7(ms)
    assert derive_enrollment_id(customer, program, cause, ms) == derive_enrollment_id(customer, program, cause, ms)


def test_messages_of_one_enrollment_differ_by_visit_and_channel() -> None:
    enrollment = derive_enrollment_id(uuid7(1), uuid7(2), uuid7(3), 4)
    made = {derive_message_id(enrollment, visit, channel) for visit in range(50) for channel in range(1, 8)}
    assert len(made) == 350
    assert enrollment not in made


@pytest.mark.parametrize(("visit", "channel"), [(-1, 1), (4096, 1), (0, 0), (0, 16)])
def test_a_visit_or_channel_that_does_not_fit_is_refused(visit: int, channel: int) -> None:
    with pytest.raises(ValueError, match="out of range"):
        derive_message_id(uuid7(1), visit, channel)
