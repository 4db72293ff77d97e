"""Keeps the processes of `motet up` alive, and takes them all down with itself.

Comes in: the embedded server (if it is ours) and a list of child commands. Goes out: an exit code, when SIGTERM or
SIGINT asked for the end. A child that dies is started again, later each time it dies young. A child that exits with
code 2 refused its settings: starting it again cannot help, so everything stops. When this process is killed, however
hard, the kernel kills the children (PDEATHSIG) and asks PostgreSQL to shut down.
"""

from __future__ import annotations

import http.client
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from types import FrameType
from urllib.parse import urlsplit

import msgspec

from motet.core.errors import Unavailable
from motet.storage.embedded import EmbeddedServer, die_with_parent

_TICK = 0.25  # seconds between two looks when no signal comes
_DATABASE_LOOK = 1.0  # seconds between two looks at a server that is not our own child
_STOP_TICK = 0.02
_FIRST_PAUSE = 0.2  # seconds before the first restart; doubled each time
_LONGEST_PAUSE = 10.0
_LIVED_WELL = 30.0  # seconds after which a child's earlier deaths are forgotten
_GRACE = 15.0  # seconds from SIGTERM to SIGKILL
_REFUSED = 2  # the exit code of a command whose input is wrong

Say = Callable[[str, str], None]  # (event, text): events are ready, restart, stopping, stopped


class ChildSpec(msgspec.Struct, frozen=True):
    """One process to keep alive."""

    name: str
    argv: tuple[str, ...]
    env: dict[str, str]
    optional: bool = False  # exit code 0 is an end and not a death; a refusal does not stop the rest


class _Child:
    """A process slot: what runs in it now, and when it may be started again."""

    def __init__(self, spec: ChildSpec) -> None:
        self.spec = spec
        self.process: subprocess.Popen[bytes] | None = None
        self.finished = False
        self._started_at = 0.0
        self._due_at = 0.0
        self._pause = _FIRST_PAUSE

    def start_if_due(self, now: float) -> None:
        if self.process is not None or self.finished or now < self._due_at:
            return
        self._started_at = now
        self.process = subprocess.Popen(
            self.spec.argv,
            env=self.spec.env,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C in the terminal is for us, who stop the children in order
            preexec_fn=die_with_parent(os.getpid(), signal.SIGKILL),
        )

    def reap(self, now: float) -> int | None:
        """The exit code, once, when the process has ended since the last look."""
        if self.process is None or (code := self.process.poll()) is None:
            return None
        kill_session(self.process.pid)  # what it started itself and left behind
        self.process = None
        if now - self._started_at >= _LIVED_WELL:
            self._pause = _FIRST_PAUSE
        self._due_at = now + self._pause
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        return code

    def stop(self, patient: Callable[[], bool]) -> None:
        """SIGTERM, and SIGKILL to the whole session when it takes too long or patience ends."""
        if (process := self.process) is None:
            return
        process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + _GRACE
        while process.poll() is None:
            if time.monotonic() > deadline or not patient():
                kill_session(process.pid)
                process.wait()
                return
            time.sleep(_STOP_TICK)


class Supervisor:
    """Runs until it is asked to stop. Single-threaded: the kernel ties a child's life to the thread that forked it."""

    def __init__(
        self, children: Sequence[ChildSpec], *, database: EmbeddedServer | None, health_url: str, say: Say
    ) -> None:
        self._children = [_Child(spec) for spec in children]
        self._database = database
        self._health_url = health_url
        self._say = say
        self._ready = False
        self._asked = 0  # how often we were asked to stop
        self._looked_at_database = 0.0
        self._exit_code = 0

    def run(self) -> int:
        """Starts everything, watches it, and returns 0 after a stop that was asked for, 2 after a refusal."""
        wake, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, self._ask)
        signal.signal(signal.SIGCHLD, _wake_up)
        try:
            while not self._asked:
                self._look()
                select.select([wake], [], [], _TICK)
                _drain(wake)
        finally:
            self._stop()
            signal.set_wakeup_fd(-1)
            os.close(wake)
            os.close(wake_write)
        return self._exit_code

    def _ask(self, signum: int, frame: FrameType | None) -> None:
        self._asked += 1

    def _look(self) -> None:
        now = time.monotonic()
        self._look_at_database(now)
        for child in self._children:
            code = child.reap(now)
            if code is not None:
                self._judge(child, code)
            child.start_if_due(now)
        if not self._ready and answers(self._health_url):
            self._ready = True
            self._say("ready", self._health_url.removesuffix("/healthz"))

    def _judge(self, child: _Child, code: int) -> None:
        spec = child.spec
        if spec.optional and code in (0, _REFUSED):
            child.finished = True
        elif code == _REFUSED:
            self._exit_code = _REFUSED
            self._asked += 1
        else:
            self._say("restart", f"{spec.name} ended ({tell_exit(code)}) and is started again")

    def _look_at_database(self, now: float) -> None:
        """Starts the server again when it died, ours or that of another command that used the same home."""
        database = self._database
        if database is None or database.mine or now - self._looked_at_database < _DATABASE_LOOK:
            return
        self._looked_at_database = now
        if database.running():
            return
        self._say("restart", "PostgreSQL ended and is started again")
        try:
            database.start()
        except Unavailable as error:  # its last backends may still be going: the next look tries again
            self._say("restart", str(error))

    def _stop(self) -> None:
        """In the order given, so that what feeds others stops before them. Asked again, it waits for nobody."""
        self._say("stopping", "stopping")
        for child in self._children:
            child.stop(lambda: self._asked < 2)
        if self._database is not None:
            self._database.stop()
        self._say("stopped", "stopped")


def kill_session(leader: int) -> None:
    """SIGKILL to every process of the session that `leader` leads; nothing when it is gone."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return


def answers(health_url: str, timeout: float = 0.5) -> bool:
    """Whether `GET health_url` says 200."""
    parts = urlsplit(health_url)
    connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=timeout)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def tell_exit(code: int) -> str:
    """An exit code as a person reads it: negative codes are signals."""
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def _wake_up(signum: int, frame: FrameType | None) -> None:
    """SIGCHLD needs a handler, or the kernel does not wake `select`."""


def _drain(descriptor: int) -> None:
    try:
        while os.read(descriptor, 512):
            pass
    except BlockingIOError:
        return
