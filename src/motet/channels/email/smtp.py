"""Email over SMTP: one queue, and connections that draw from it.

`relay.py` reads the URL, `greeting.py` opens a connection, `dialogue.py` is the connection, `envelope.py` writes
what goes on the wire and `replies.py` reads what comes back.

All calls of `send` share the queue, so a slow connection holds back two messages and no batch. A connection is
opened when there is work that no idle one takes, and closed when it was idle for a while. A message whose connection
broke before its body left goes back to the head of the queue, once; a second time its answer is Retry.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress

from motet.channels.base import Settings, refuse_callback, refuse_settings
from motet.channels.email.dialogue import Dialogue
from motet.channels.email.greeting import NoGreeting, connect
from motet.channels.email.queue import Batch, Job
from motet.channels.email.relay import Relay, read_relay
from motet.core.errors import Problem
from motet.core.messages import Answer, Email, Outgoing, Receipt, Rejected, Retry
from motet.core.words import Channel

_TRIES = 2
_BREATH = 5.0  # seconds without new connections after one failed while others work


class SmtpProvider:
    """Email through one mail server. Not idempotent: SMTP knows no key, so an Unknown stays one."""

    name = "smtp"
    channel = Channel.EMAIL
    idempotent = False
    batch = 250
    concurrency = 4

    def __init__(self, settings: Settings) -> None:
        self._relay, self._problems = read_relay(settings)
        self._queue: deque[Job] = deque()
        self._batches: set[Batch] = set()
        self._dialogues: set[Dialogue] = set()
        self._connecting: set[asyncio.Task[None]] = set()
        self._rest_until = 0.0  # no new connection before, while another works
        self._watch: asyncio.Task[None] | None = None

    @property
    def relay(self) -> Relay:
        return self._relay

    def check(self) -> list[Problem]:
        return list(self._problems)

    async def open(self) -> None:
        refuse_settings(self._problems)
        self._tls = self._relay.make_tls()
        self._watch = asyncio.create_task(self._watch_over())

    async def close(self) -> None:
        """Ends idle connections politely, and the busy ones when what they have on the wire is answered."""
        if self._watch is None:
            return
        watch, self._watch = self._watch, None
        self._drain(Retry("smtp.closed", "we are stopping"))
        for task in self._connecting:
            task.cancel()
        self._connecting.clear()
        if self._batches:
            await asyncio.wait([batch.done for batch in self._batches], timeout=min(self._relay.timeout, 10.0))
        for dialogue in list(self._dialogues):
            dialogue.quit() if dialogue.idle else dialogue.end("we are stopping")
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch

    async def send(self, batch: Sequence[Outgoing]) -> list[Answer]:
        calls = Batch(len(batch))
        for index, outgoing in enumerate(batch):
            if self._watch is None:
                calls.settle(index, Retry("smtp.closed", "the provider is not open"))
            elif isinstance(outgoing.payload, Email):
                self._queue.append(Job(calls, index, outgoing.payload))
            else:
                calls.settle(index, Rejected("provider.wrong_payload", "this is not an email"))
        self._batches.add(calls)
        self._spread()
        try:
            await calls.done
        except asyncio.CancelledError:
            self._queue = deque(job for job in self._queue if job.batch is not calls)
            raise
        finally:
            self._batches.discard(calls)
        return calls.answers

    def read_callback(self, headers: Mapping[str, str], body: bytes, url: str) -> list[Receipt]:
        raise refuse_callback("unsupported", "SMTP has no callbacks")

    # What the dialogues ask for ---------------------------------------------------------------

    def take(self) -> Job | None:
        return self._queue.popleft() if self._queue else None

    def give_back(self, job: Job, why: str) -> None:
        job.tries += 1
        if job.tries < _TRIES and self._watch is not None and not job.batch.done.done():
            self._queue.appendleft(job)
        else:
            job.finish(Retry("smtp.connection_lost", why, down=True))

    def ended(self, dialogue: Dialogue) -> None:
        self._dialogues.discard(dialogue)
        self._spread()

    # Connections ------------------------------------------------------------------------------

    def _spread(self) -> None:
        """Gives waiting jobs to idle connections, and opens new ones for what is left."""
        for dialogue in list(self._dialogues) if self._queue else ():
            dialogue.kick()
        if not self._queue or self._watch is None:
            return
        if self._dialogues and asyncio.get_running_loop().time() < self._rest_until:
            return
        room = self._relay.pool - len(self._dialogues) - len(self._connecting)
        for _ in range(min(room, len(self._queue) - len(self._connecting))):
            self._connecting.add(asyncio.create_task(self._connect()))

    async def _connect(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        try:
            dialogue = await connect(self._relay, self._tls, self)
        except NoGreeting as failure:
            self._connecting.discard(task)
            self._rest_until = asyncio.get_running_loop().time() + _BREATH
            if not self._dialogues and not self._connecting:  # nobody is left who could take the queue
                self._drain(Retry(failure.code, failure.detail, down=True))
        else:
            self._connecting.discard(task)
            self._dialogues.add(dialogue)
            dialogue.start()

    def _drain(self, answer: Answer) -> None:
        queue, self._queue = self._queue, deque()
        for job in queue:
            job.finish(answer)

    async def _watch_over(self) -> None:
        """Ends connections that hang or that nobody needs. One clock for all: a message sets no timer."""
        relay = self._relay
        loop = asyncio.get_running_loop()
        pause = min(1.0, relay.timeout / 4, relay.body_timeout / 4, relay.idle / 4)
        while True:
            await asyncio.sleep(pause)
            now = loop.time()
            for dialogue in list(self._dialogues):
                limit = relay.idle if dialogue.idle else relay.body_timeout if dialogue.awaits_body else relay.timeout
                if now - dialogue.moved_at > limit:
                    dialogue.quit() if dialogue.idle else dialogue.end(f"no answer within {limit:g} s")
