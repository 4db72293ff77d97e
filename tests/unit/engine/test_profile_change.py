from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from motet.core.outcomes import UpdateProfile
from motet.engine.batch import ProfileChange

NAMES = st.sampled_from("abc")
MANY = st.lists(NAMES, max_size=2, unique=True).map(tuple)
UPDATES = st.builds(
    UpdateProfile,
    set=st.dictionaries(NAMES, st.integers(0, 3), max_size=2),
    unset=MANY,
    add_tags=MANY,
    remove_tags=MANY,
    topics=st.dictionaries(NAMES, st.booleans(), max_size=2),
)
State = tuple[dict[str, Any], set[str], dict[str, bool]]


def apply(state: State, update: UpdateProfile | ProfileChange) -> State:
    """As the statement does it: unset, then set; added, then removed."""
    attributes, tags, topics = state
    kept = {name: value for name, value in attributes.items() if name not in update.unset}
    return kept | update.set, (tags | {*update.add_tags}) - {*update.remove_tags}, topics | update.topics


@given(st.lists(UPDATES, max_size=5), st.dictionaries(NAMES, st.integers(4, 5)), st.sets(NAMES))
def test_updates_in_one_turn_are_written_as_if_one_after_another(
    updates: list[UpdateProfile], attributes: dict[str, Any], tags: set[str]
) -> None:
    state: State = (attributes, tags, {})
    change = ProfileChange()
    for update in updates:
        change.add(update)
        state = apply(state, update)
    assert apply((attributes, tags, {}), change) == state
