from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from making import say
from motet.analytics.overview import is_same
from motet.analytics.reports import Reports
from motet.audience.profiles import find_customer
from motet.core.customers import Customer
from motet.core.errors import NotFound, Refused
from motet.core.metrics import Metric
from motet.core.words import Channel
from motet.storage.pool import Pool
from motet.storage.stats import Counts
from stage import LANES, NOW


async def the_customer(pool: Pool, story: Any) -> Customer:
    found = await find_customer(pool, LANES, story.customer)
    assert found is not None
    return found


async def test_counts_are_summed_over_lanes_and_hours(pool: Pool, story: Any) -> None:
    reports = Reports(pool, LANES)
    for lane in range(LANES):
        await story.count(lane)
        await story.count(lane, hours_ago=30)
    overview = await reports.overview.read(NOW)
    assert overview.totals.sent == 10 * LANES * 2
    assert overview.totals.converted == LANES * 2
    assert overview.totals.revenue == 20.0 * LANES * 2
    assert overview.enrollments_active == 3 * LANES * 2
    assert overview.customers == 1
    [email, sms] = overview.channels
    assert (email.channel, email.rates.open, email.rates.click) == ("email", 0.4, 0.0)
    assert (sms.channel, sms.rates.delivery) == ("sms", None)
    assert sum(point.sent for point in overview.series) == 10 * LANES
    assert overview.series[-1].sent == 10 * LANES


async def test_what_is_counted_later_is_seen_at_once(pool: Pool, story: Any) -> None:
    reports = Reports(pool, LANES)
    await story.count(1, hours_ago=5)
    first = await reports.overview.read(NOW)
    await story.count(2)
    second = await reports.overview.read(NOW + timedelta(seconds=1))
    assert (first.totals.sent, second.totals.sent) == (10, 20)
    assert not is_same(first, second)
    assert is_same(second, await reports.overview.read(NOW + timedelta(seconds=2)))


async def test_a_batch_that_committed_late_is_counted_within_ten_minutes(pool: Pool, story: Any) -> None:
    reports = Reports(pool, LANES)
    await reports.overview.read(NOW)
    await story.count(1, hours_ago=3)
    later = await reports.overview.read(NOW + timedelta(minutes=11))
    assert later.totals.sent == 10


async def test_counts_stay_whole_while_hours_pass(pool: Pool, story: Any) -> None:
    reports = Reports(pool, LANES)
    await story.count(3)
    for minutes in range(0, 26 * 60, 35):
        overview = await reports.overview.read(NOW + timedelta(minutes=minutes))
        assert overview.totals.sent == 10


async def test_the_last_hour_takes_its_share_of_the_one_before(pool: Pool, story: Any) -> None:
    hour = NOW.replace(minute=0, second=0)
    counts = Counts()
    counts.add(story.program.id, Channel.EMAIL, Metric.SENT, count=60)
    async with pool.acquire() as connection:
        await counts.save(connection, 1, hour - timedelta(hours=1))
        await counts.save(connection, 1, hour)
    overview = await Reports(pool, LANES).overview.read(hour + timedelta(minutes=15))
    assert overview.last_hour.sent == 60 + 45


async def test_a_campaign_report_has_people_channels_and_reasons(pool: Pool, story: Any) -> None:
    for lane in (0, 5):
        await story.count(lane)
    report = await Reports(pool, LANES).campaigns.read("hello", NOW)
    assert (report.kind, report.trigger, report.channels) == ("event", "When cart_abandoned happens", ["email", "sms"])
    assert (report.enrolled, report.active, report.sent, report.held) == (10, 6, 20, 2)
    first, delay, second = report.steps
    assert (first.present, first.entered, first.departed) == (4, 10, 6)
    assert (delay.present, delay.summary) == (6, "Wait until 1 hour after entry")
    assert second.channel == "sms"
    assert [channel.channel for channel in report.by_channel] == ["email", "sms"]
    [reason] = report.reasons
    assert (reason.verdict, reason.reason, reason.channel, reason.count) == ("hold", "channel_cap", "sms", 2)
    assert reason.text == "the cap on this channel was reached"


async def test_people_of_an_older_revision_stand_on_the_step_of_the_same_name(pool: Pool, story: Any) -> None:
    await story.count(0)
    newer = msgspec.structs.replace(
        story.program, revision_id=msgspec.convert("01900000-0000-7000-8000-000000000009", type=type(story.customer)),
        steps=(say(name="new_start"), *story.program.steps),
    )  # fmt: skip
    await pool.execute(
        "INSERT INTO revision (id, campaign_id, number, document, program, created_at) "
        "VALUES ($1, $2, 2, '{}', $3, $4)",
        newer.revision_id, newer.id, msgspec.to_builtins(newer), NOW,
    )  # fmt: skip
    await pool.execute("UPDATE campaign SET revision_id = $1", newer.revision_id)
    report = await Reports(pool, LANES).campaigns.read("hello", NOW)
    assert report.revision == 2
    assert [(step.name, step.present) for step in report.steps][:2] == [("new_start", 0), ("first_mail", 2)]


async def test_an_unknown_campaign_is_not_found(pool: Pool) -> None:
    with pytest.raises(NotFound):
        await Reports(pool, LANES).campaigns.read("nothing", NOW)


async def test_a_timeline_merges_events_messages_and_decisions(pool: Pool, story: Any) -> None:
    reports = Reports(pool, LANES)
    customer = await the_customer(pool, story)
    timeline = await reports.timelines.read(customer, limit=50, before=None)
    assert [(entry.kind, entry.title) for entry in timeline.entries] == [
        ("event", "Purchase"),
        ("event", "Clicked a link in the email"),
        ("decision", "Did not enter hello"),
        ("decision", "SMS held back: Second word"),
        ("message", "Email: First mail"),
        ("event", "Cart abandoned"),
    ]
    purchase, click, entry, hold, message, cart = timeline.entries
    assert purchase.detail == "worth 49.50"
    assert click.detail == "First mail · https://shop.example/"
    assert (click.campaign, click.channel, click.message_id) == ("hello", "email", story.message)
    assert entry.detail == "Did not enter: the customer is in this campaign already."
    assert hold.detail.startswith("Held until ")
    assert hold.until == NOW + timedelta(hours=1)
    assert (message.status, message.reasons[0].code) == ("delivered", "eligible")
    assert message.detail.endswith("then delivered, opened and clicked.")
    assert cart.detail == "cart: 59"
    assert timeline.next is None


async def test_pages_of_a_timeline_hold_every_entry_once(pool: Pool, story: Any) -> None:
    reports = Reports(pool, LANES)
    customer = await the_customer(pool, story)
    whole = [entry.id for entry in (await reports.timelines.read(customer, limit=50, before=None)).entries]
    seen = []
    before: str | None = None
    while True:
        page = await reports.timelines.read(customer, limit=2, before=before)
        seen += [entry.id for entry in page.entries]
        before = page.next
        if before is None:
            break
    assert seen == whole


@pytest.mark.parametrize("before", ["", "x", "1-", "99999999999999999999-00000000000000000000000000000000", "-"])
async def test_a_place_that_is_none_is_refused(pool: Pool, story: Any, before: str) -> None:
    with pytest.raises(Refused) as refusal:
        await Reports(pool, LANES).timelines.read(await the_customer(pool, story), limit=2, before=before)
    assert refusal.value.problems[0].path == "before"


async def test_every_decision_is_explained_in_a_sentence(pool: Pool, story: Any) -> None:
    explained = await Reports(pool, LANES).explain.read(await the_customer(pool, story), limit=10)
    assert explained.customer == "c0"
    entry, hold, send = explained.explanations
    assert entry.sentence == "Did not enter: the customer is in this campaign already."
    assert (hold.verdict, hold.campaign, hold.step, hold.channel) == ("hold", "hello", "second_word", "sms")
    assert hold.sentence.startswith("Held until ")
    assert hold.sentence.endswith(": the cap on this channel was reached.")
    assert send.sentence == "Sent by email: nothing stood against it."


async def test_a_customers_page_tells_where_they_stand(pool: Pool, story: Any) -> None:
    page = await Reports(pool, LANES).profiles.read(await the_customer(pool, story), NOW)
    [enrollment] = page.enrollments
    assert (enrollment.campaign, enrollment.step, enrollment.status) == ("hello", 1, "active")
    assert enrollment.step_name == "wait-3600"
    assert (page.summary.sent, page.summary.clicked, page.summary.revenue) == (1, 1, 49.5)
    assert page.timezone == "Europe/Berlin"
