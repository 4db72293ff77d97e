from __future__ import annotations

from collections import Counter
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motet.core.errors import Refused
from motet.core.messages import Email, Outgoing, Payload, Sms, Webhook
from motet.core.words import Channel
from motet.delivery.limits import Limit, read_limits, split

ID = UUID(int=1)
KEYS = ["email", "email.to.a", "email.to.b", "email.from.c"]


def an_outgoing(payload: Payload) -> Outgoing:
    return Outgoing(message_id=ID, customer_id=ID, payload=payload, idempotency_key="")


def letter(to: str, sender: str = "news@shop.example") -> Outgoing:
    return an_outgoing(Email(sender, to, b""))


def test_entries_name_a_channel_a_sending_domain_or_a_receiving_one() -> None:
    limits = read_limits(
        ["email=200/s", " email.to.gmail.com=20/s+100", "email.to.*=3/m", "email.from.shop.example=1/h"]
    )
    assert limits.of(Channel.EMAIL, letter("ada@GMAIL.com")) == (
        Limit("email", 200.0, 200.0),
        Limit("email.from.shop.example", 1 / 3600, 1.0),
        Limit("email.to.gmail.com", 20.0, 100.0),
    )
    assert limits.of(Channel.EMAIL, letter("ada@b.example", "x@y.example"))[1:] == (
        Limit("email.to.b.example", 0.05, 1.0),
    )
    assert limits.apply_to(Channel.EMAIL)
    assert not limits.apply_to(Channel.SMS)


def test_webhooks_are_limited_by_host_and_what_has_no_limit_draws_from_no_bucket() -> None:
    limits = read_limits(["webhook.to.*=2/s", "sms=5/s"])
    found = limits.of(Channel.WEBHOOK, an_outgoing(Webhook("https://user:x@Hooks.example:8443/a?b", {})))
    assert found == (Limit("webhook.to.hooks.example", 2.0, 2.0),)
    assert limits.of(Channel.SMS, an_outgoing(Sms("+1", "x"))) == (Limit("sms", 5.0, 5.0),)
    assert limits.of(Channel.EMAIL, letter("a@b.example")) == ()


@pytest.mark.parametrize(
    "entry",
    ["email", "email=fast", "email=0/s", "email=5", "post=5/s", "sms.to.b.example=5/s", "webhook.from.b=5/s",
     "email=5/s+0", "email=-1/s"],
)  # fmt: skip
def test_an_entry_that_cannot_be_meant_is_refused_with_its_fix(entry: str) -> None:
    with pytest.raises(Refused) as caught:
        read_limits(["email=5/s", entry])
    [problem] = caught.value.problems
    assert (problem.code, problem.path) == ("config.bad_throttle", "MOTET_THROTTLES")
    assert problem.fix


@given(
    st.lists(st.lists(st.sampled_from(KEYS), unique=True, max_size=3), max_size=40),
    st.lists(st.integers(0, 40), min_size=len(KEYS), max_size=len(KEYS)),
)
def test_a_batch_uses_no_more_than_it_got_gives_back_the_rest_and_forgets_nobody(
    batch: list[list[str]], amounts: list[int]
) -> None:
    made = {key: Limit(key, 1.0, 1.0) for key in KEYS}
    granted = dict(zip(KEYS, amounts, strict=True))
    result = split([tuple(made[key] for key in keys) for keys in batch], granted)
    used = Counter(key for index in result.passed for key in batch[index])
    assert all(used[key] + result.left.get(key, 0) == granted[key] for key in KEYS)
    assert sorted([*result.passed, *result.late]) == list(range(len(batch)))
    for index, (limit, _) in result.late.items():
        assert limit.key in batch[index]
        assert limit.key not in result.left  # it was empty indeed
    places = Counter(limit.key for limit, _ in result.late.values())
    assert Counter((limit.key, before) for limit, before in result.late.values()) == Counter(
        (key, before) for key, count in places.items() for before in range(count)
    )
