"""Many at once: workers for one cap, timers for one second, an unsubscribe for a message that is on its way."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

from faults.crew import Crew, tell, until, until_ended
from faults.oracle import judge
from faults.providers import MailServer, Receiver
from making import a_program, say, wait
from motet.core.clock import to_ms
from motet.core.ids import derive_enrollment_id, lane_of, uuid7
from motet.core.program import Program, Trigger
from motet.core.words import Channel, MessageStatus, Priority
from motet.delivery.look import FRESH
from motet.engine.loop import Engine
from motet.storage.lanes import Lease
from motet.storage.pool import Connection, Pool, open_pool
from stage import LANES, NOW, put_campaign, put_customers, put_launch

RACERS = 20
CAMPAIGNS = 8
TIMERS = 20_000


async def test_twenty_workers_who_race_for_a_cap_of_one_never_exceed_it(
    database: str, pool: Pool, crew: Crew, receiver: Receiver, mail: MailServer, haste: None
) -> None:
    """Eight campaigns want to speak to everybody at once, launched and triggered; workers come, go, stall and die."""
    customers = await put_customers(pool, 240)
    await pool.execute("""UPDATE customer SET caps = '{"webhook": 1}'""")
    launched = [a_program(receiver.hook(), name=f"launched-{n}", segments=("new",)) for n in range(CAMPAIGNS // 2)]
    triggered = [
        a_program(receiver.hook(), name=f"triggered-{n}", trigger=Trigger(event="go")) for n in range(CAMPAIGNS // 2)
    ]
    for program in (*launched, *triggered):
        await put_campaign(pool, program)
    crew.sender("webhook")
    crew.sender("webhook")
    shared = await open_pool(database, size=40)
    racers = [_Racer(shared) for _ in range(RACERS)]
    for program in launched:
        await put_launch(pool, program)
    for _ in range(8):
        await tell(pool, random.sample(customers, 120))
        await asyncio.sleep(0.5)
        owners = [place for place, racer in enumerate(racers) if racer.owns]
        for place in random.sample(owners, min(4, len(owners))):
            await racers[place].leave(kindly=random.random() < 0.5)
            racers[place] = _Racer(shared)
    await tell(pool, customers)
    unheard = "FROM event v JOIN lane l USING (lane) WHERE NOT pg_visible_in_snapshot(v.xid, l.done)"
    await until(pool, f"SELECT NOT EXISTS (SELECT {unheard})", crew=crew)
    await until(pool, "SELECT NOT EXISTS (SELECT FROM launch_lane WHERE NOT done)", crew=crew)
    await until(pool, "SELECT NOT EXISTS (SELECT FROM message WHERE status IN (1, 2))", crew=crew)
    for racer in racers:
        await racer.leave(kindly=True)
    await shared.close()
    calls = Counter(to for to, _ in {(arrival.to, arrival.id) for arrival in receiver.log})
    over = {who: [a for a in receiver.log if a.to == who] for who, times in calls.items() if times > 1}
    assert over == {}
    figures = await judge(pool, {Channel.WEBHOOK: receiver, Channel.EMAIL: mail}, told=customers, steps=1)
    hands = await pool.fetchval("SELECT sum(fence) FROM lane")
    assert hands >= 4 * LANES, "the lanes hardly changed hands"
    assert _Stalling.stalls, "nobody stalled past a lease"
    print(f"{LANES} lanes changed hands {hands} times, {_Stalling.stalls} stalls: {figures}")


class _Stalling(Lease):
    """Now and then its worker stands still between what it thought and its commit, until its lanes are others'."""

    stalls = 0

    def __init__(self, pool: Pool, worker_id: UUID, lanes: int) -> None:
        super().__init__(pool, worker_id, lanes)
        self._still = 0

    async def lock(self, connection: Connection, lane: int, fence: int) -> None:
        if random.random() < 0.15:
            _Stalling.stalls += 1
            self._still += 1
            await asyncio.sleep(2.0)
            self._still -= 1
        await super().lock(connection, lane, fence)

    async def balance(self) -> set[int]:
        return set() if self._still else await super().balance()


class _Racer:
    """An engine in this process that can leave in peace or drop dead."""

    def __init__(self, pool: Pool) -> None:
        self._stop = asyncio.Event()
        self._engine = Engine(pool, lanes=LANES, worker_id=uuid7(to_ms(NOW)), channels=frozenset({Channel.WEBHOOK}))
        self._engine.lease = self._lease = _Stalling(pool, self._engine.lease.worker_id, LANES)
        self._task = asyncio.create_task(self._engine.run(self._stop))

    @property
    def owns(self) -> bool:
        return bool(self._lease.held)

    async def leave(self, *, kindly: bool) -> None:
        if kindly:
            self._stop.set()
            await self._task
        else:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


async def test_twenty_thousand_timers_of_one_second_let_an_urgent_event_by(
    pool: Pool, crew: Crew, receiver: Receiver, mail: MailServer
) -> None:
    bulk = a_program(wait(60), receiver.hook("bulk"), name="bulk", priority=Priority.LOW)
    urgent = a_program(receiver.hook("urgent"), name="urgent", trigger=Trigger(event="go"), priority=Priority.URGENT)
    await put_campaign(pool, bulk)
    await put_campaign(pool, urgent)
    customers = await put_customers(pool, TIMERS)
    due = datetime.now(UTC) + timedelta(seconds=3)
    await _stand_waiting(pool, bulk, customers, due)
    crew.engine(hasty=False)
    crew.sender("webhook", hasty=False)
    await until(pool, "SELECT count(*) > 500 FROM message WHERE status = 3", crew=crew)
    began = len(receiver.log)
    pressing = random.sample(customers, 40)
    await tell(pool, pressing)
    await until_ended(pool, TIMERS + len(pressing), crew=crew)
    took = (datetime.now(UTC) - due).total_seconds()

    first = {step: sorted(a.at for a in receiver.log if a.step == step) for step in ("bulk", "urgent")}
    assert (len(first["bulk"]), len(first["urgent"])) == (TIMERS, len(pressing))
    assert len(receiver.counted()) == len(receiver.log) == TIMERS + len(pressing)
    places = [n for n, arrival in enumerate(receiver.log) if arrival.step == "urgent"]
    order = await pool.fetch("SELECT priority FROM message ORDER BY sent_at, id")
    ranks = [n for n, row in enumerate(order) if row["priority"] == Priority.URGENT]
    assert {row["status"] for row in await pool.fetch("SELECT status FROM message")} == {MessageStatus.ACCEPTED}
    print(
        f"{TIMERS} timers in {took:.1f} s; {began} webhooks had gone when the event came, the last urgent one was "
        f"number {places[-1]} ({ranks[-1]} in the ledger)"
    )
    assert places[-1] < TIMERS / 2
    assert ranks[-1] < TIMERS / 2


async def _stand_waiting(pool: Pool, program: Program, customers: list[UUID], due: datetime) -> None:
    """Everybody on the first step of the program, with one and the same timer."""
    entered = due - timedelta(seconds=60)
    await pool.copy_records_to_table(
        "enrollment",
        records=[
            (lane_of(c, LANES), c, derive_enrollment_id(c, program.id, program.id, to_ms(entered)), program.id,
             program.revision_id, 0, 0, 1, entered, entered, due)
            for c in customers
        ],
        columns=("lane", "customer_id", "id", "campaign_id", "revision_id", "step", "visit", "status", "entered_at",
                 "arrived_at", "due_at"),
    )  # fmt: skip
    await pool.execute("ANALYZE enrollment")


async def test_who_unsubscribes_between_approval_and_push_hears_nothing(
    pool: Pool, crew: Crew, receiver: Receiver, mail: MailServer
) -> None:
    """The sender stands still while messages are approved; half of their customers unsubscribe; it wakes."""
    program = a_program(say("email", "write"), receiver.hook(), trigger=Trigger(event="go"))
    await put_campaign(pool, program)
    customers = await put_customers(pool, 1_000)
    crew.engine()
    sender = crew.sender()
    await until(pool, "SELECT count(*) = 2 FROM worker", crew=crew)
    sender.send(signal.SIGSTOP)
    await tell(pool, customers)
    await until(pool, "SELECT count(*) = $1 FROM message WHERE status = 1", 2 * len(customers), crew=crew)
    leaving = customers[::2]
    ids = {row["customer_id"]: row["id"] for row in await pool.fetch("SELECT * FROM message WHERE channel = 1")}
    await _unsubscribe(pool, leaving, ids)
    gone = "SELECT count(*) = $1 FROM customer WHERE consents ->> 'email' = 'false'"
    await until(pool, gone, len(leaving), crew=crew)
    sender.send(signal.SIGCONT)
    await until_ended(pool, len(customers), crew=crew)
    await judge(pool, {Channel.EMAIL: mail, Channel.WEBHOOK: receiver}, told=customers, steps=2)
    forbidden = {f"c{n}@example.com" for n in range(0, 1_000, 2)} & {arrival.to for arrival in mail.log}
    assert forbidden == set()
    assert len(mail.log) == 500
    assert len(receiver.counted()) == 1_000  # what they did not refuse


async def test_who_unsubscribes_while_a_batch_waits_for_a_slow_provider_hears_nothing(
    pool: Pool, crew: Crew, receiver: Receiver, mail: MailServer
) -> None:
    """A lane's batch is prepared as one and pushed in parts: the later parts may wait long for the first."""
    program = a_program(receiver.hook(), trigger=Trigger(event="go"))
    await put_campaign(pool, program)
    customers = await put_customers(pool, 1_000)
    receiver.pause = 2.0
    crew.engine()
    await tell(pool, customers)
    await until(pool, "SELECT count(*) = $1 FROM message WHERE status = 1", len(customers), crew=crew)
    crew.sender("webhook")
    async with asyncio.timeout(60):
        while not receiver.log:
            await asyncio.sleep(0.01)
    on_the_wire = {r["id"] for r in await pool.fetch("SELECT id FROM message WHERE status <> 1")}
    ids = {row["customer_id"]: row["id"] for row in await pool.fetch("SELECT * FROM message")}
    leaving = [customer for customer in customers if ids[customer] not in on_the_wire]
    await _unsubscribe(pool, leaving, ids)
    gone = "SELECT count(*) = $1 FROM customer WHERE consents ->> 'webhook' = 'false'"
    await until(pool, gone, len(leaving), crew=crew)
    await asyncio.sleep(2 * FRESH)  # a look at who still consented is good for so long
    withdrawn, claimed = time.monotonic(), "SELECT id FROM message WHERE status <> 1"
    on_the_wire |= {r["id"] for r in await pool.fetch(claimed)}  # pushed while the engine still heard of it
    receiver.pause = 0.0
    await until(pool, "SELECT NOT EXISTS (SELECT FROM message WHERE status IN (1, 2))", crew=crew)
    forbidden = [a for a in receiver.log if a.at > withdrawn and a.id not in on_the_wire]
    assert forbidden == [], f"{len(forbidden)} of {len(leaving)} were called after their consent was gone"


async def _unsubscribe(pool: Pool, leaving: list[UUID], messages: dict[UUID, UUID]) -> None:
    """As the link in the message does: an event that names it."""
    now = datetime.now(UTC)
    rows = [(lane_of(c, LANES), c, uuid7(to_ms(now)), "unsubscribe", now, messages[c], "link") for c in leaving]
    columns = ("lane", "customer_id", "id", "name", "at", "message_id", "source")
    await pool.copy_records_to_table("event", records=rows, columns=columns)
    await pool.execute("SELECT pg_notify('motet_work', $1)", "lanes:" + ",".join(map(str, range(LANES))))
