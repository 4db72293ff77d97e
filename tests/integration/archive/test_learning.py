"""The vocabulary of a builder: everything that there is, whether in files or newer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from archiving import add_customer, add_event, export, pass_events, snapshot
from motet.archive import learning
from motet.archive.duck import Duck
from motet.archive.reader import Archive
from motet.storage.pool import Pool

NOW = datetime.now(UTC).replace(microsecond=0)


async def fill(pool: Pool) -> None:
    for n in range(5):
        ada = await add_customer(
            pool, NOW, tags=["vip"] if n else ["new"], topics={"news": True}, locale="de",
            attributes={
                "plan": ["gold", "free"][n % 2], "points": n, "member": True, "born": "1980-01-31",
                "address": {"city": "Bonn", "deep": {"er": {"x": {"y": 1}}}}, "likes": ["hats", "bags"], "odd": None,
                "either": [1, "x"][n % 2],
            },
            lifecycle_stage="active",
        )  # fmt: skip
        await add_event(
            pool, ada, "purchase", NOW - timedelta(days=n), properties={"sku": f"s{n}", "price": 1.5}, received=NOW
        )
    await add_event(pool, ada, "rare thing", NOW, properties={"where": {"from": "x" * 200}})


@pytest.mark.parametrize("stage", ["newer", "in files", "both"])
async def test_names_kinds_and_examples(pool: Pool, archive: Archive, duck: Duck, stage: str) -> None:
    await fill(pool)
    if stage != "newer":
        await export(pool, duck)
        await pass_events(pool)
        await snapshot(pool, duck)
    if stage == "both":
        await fill(pool)
    twice = 2 if stage == "both" else 1
    known = await archive.learn()
    fields = {f.name: f for f in known.fields}
    assert {n: f.kind for n, f in fields.items() if not n.startswith(("last_", "days", "cre"))} == {
        "plan": "text", "points": "number", "member": "truth", "born": "moment", "address.city": "text",
        "likes": "list", "either": "mixed", "external_id": "text", "email": "text", "phone": "text",
        "lifecycle_stage": "text", "timezone": "text", "locale": "text", "topics.news": "truth",
    }  # fmt: skip
    assert set(fields["plan"].examples) == {"gold", "free"}
    assert fields["plan"].examples[0] == "gold"  # the more frequent first
    assert set(fields["likes"].examples) == {"hats", "bags"}
    assert fields["locale"].examples == ["de"]
    events = {e.name: e for e in known.events}
    assert list(events) == ["purchase", "rare thing"]
    assert (events["purchase"].count, events["purchase"].last_at) == (5 * twice, NOW)
    assert [(p.name, p.kind) for p in events["purchase"].properties] == [("price", "number"), ("sku", "text")]
    (place,) = events["rare thing"].properties
    assert (place.name, place.examples) == ("where.from", [])  # too long to show
    assert (known.tags, known.stages, known.topics) == (["vip", "new"], ["active"], ["news"])


async def test_a_rare_attribute_and_a_rare_event_are_found_among_many(
    pool: Pool, archive: Archive, duck: Duck, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "SAMPLE", 3)
    monkeypatch.setattr(learning, "RARE", 2)
    for n in range(30):
        ada = await add_customer(pool, NOW, attributes={"usual": n} if n else {"unusual": "yes"})
        await add_event(pool, ada, "often", NOW, properties={"n": n})
    await add_event(pool, ada, "seldom", NOW, properties={"why": "nobody knows"})
    await export(pool, duck)
    await pass_events(pool)
    await snapshot(pool, duck)
    known = await archive.learn()
    assert {"usual", "unusual"} <= {f.name for f in known.fields}
    (seldom,) = [e for e in known.events if e.name == "seldom"]
    assert [p.name for p in seldom.properties] == ["why"]


async def test_what_was_learned_is_told_again_for_a_while(pool: Pool, archive: Archive) -> None:
    assert await archive.learn() is await archive.learn()


async def test_an_empty_house_has_the_fixed_fields(archive: Archive) -> None:
    known = await archive.learn()
    assert {"email", "lifecycle_stage", "created_at"} <= {f.name for f in known.fields}
    assert (known.events, known.tags) == ([], [])
