from __future__ import annotations

import asyncio

from motet.core.words import Channel
from motet.outbox.received import ReceivedEmail, ReceivedSms, size_of
from motet.outbox.store import Store


def put(store: Store, channel: Channel = Channel.EMAIL, size: int = 100) -> str:
    body = ReceivedSms(text="x" * size, sid="SM") if channel is Channel.SMS else ReceivedEmail(b"x" * size)
    return store.add(channel, to="a@example.com", sender="b@example.com", title="t", body=body).id


def test_memory_is_bounded_by_number() -> None:
    store = Store(max_messages=50)
    ids = [put(store) for _ in range(500)]
    assert len(store) == 50
    assert [m.id for m in store.page(channel=None, q="", limit=100, before=None)] == ids[:-51:-1]
    assert store.get(ids[0]) is None
    assert store.received == 500


def test_memory_is_bounded_by_bytes() -> None:
    store = Store(max_bytes=1_000_000)
    for _ in range(300):
        put(store, size=50_000)
        assert store.bytes <= 1_000_000
    assert 15 <= len(store) <= 20
    kept = store.page(channel=None, q="", limit=100, before=None)
    assert sum(size_of(message.body) for message in kept) == store.bytes


def test_many_emails_do_not_push_the_one_text_out() -> None:
    store = Store(max_messages=20)
    text = put(store, Channel.SMS)
    for _ in range(100):
        put(store)
    assert store.get(text) is not None
    assert store.counts() == {"sms": 1, "email": 19}


def test_channels_are_merged_newest_first() -> None:
    store = Store()
    ids = [put(store, channel) for channel in (Channel.EMAIL, Channel.SMS, Channel.SMS, Channel.EMAIL, Channel.SMS)]
    assert [m.id for m in store.page(channel=None, q="", limit=10, before=None)] == ids[::-1]
    assert [m.id for m in store.page(channel=Channel.EMAIL, q="", limit=10, before=None)] == [ids[3], ids[0]]


def test_what_came_after_is_told_oldest_first_and_in_pages() -> None:
    store = Store()
    start = store.newest_id()
    ids = [put(store) for _ in range(7)]
    assert [m.id for m in store.after(start, 3)] == ids[:3]
    assert [m.id for m in store.after(ids[2], 3)] == ids[3:6]
    assert store.after(ids[-1], 3) == []


def test_clearing_forgets_everything() -> None:
    store = Store()
    put(store)
    store.clear()
    assert (len(store), store.bytes, store.counts()) == (0, 0, {})


async def test_a_waiter_is_woken_by_a_message_and_by_the_end() -> None:
    store = Store()
    waiting = asyncio.create_task(store.arrival(5))
    await asyncio.sleep(0)
    put(store)
    assert await waiting is True
    waiting = asyncio.create_task(store.arrival(5))
    await asyncio.sleep(0)
    store.close()
    assert await waiting is False
    assert await store.arrival(0.01) is False
