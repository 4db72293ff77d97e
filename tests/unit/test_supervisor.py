"""The supervisor over real processes: each test runs one in a process of its own and looks at what lives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from motet.supervisor import tell_exit

PROGRAM = """
import os, sys
from motet.supervisor import ChildSpec, Supervisor

def child(name, source, optional=False):
    return ChildSpec(name, (sys.executable, "-c", source), dict(os.environ), optional)

def say(event, text):
    print(event, text, flush=True)

folder = os.environ["FOLDER"]
NOTE = "import os, sys, time; open(os.path.join({!r}, {!r}), 'a').write(str(os.getpid()) + chr(10)); "
def noting(name, rest):
    return NOTE.format(folder, name) + rest

children = [CHILDREN]
sys.exit(Supervisor(children, database=None, health_url="http://127.0.0.1:1/healthz", say=say).run())
"""

SLEEPER = 'child({0!r}, noting({0!r}, "time.sleep(600)"))'


class Running:
    """A supervisor under test and the process ids that its children wrote down."""

    def __init__(self, folder: Path, children: str) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM.replace("CHILDREN", children)],
            env={**os.environ, "FOLDER": str(folder), "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            text=True,
        )

    def pids(self, name: str) -> list[int]:
        path = self.folder / name
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    def first(self, name: str) -> int:
        wait_for(lambda: self.pids(name))
        return self.pids(name)[0]

    def end(self, signum: int = signal.SIGTERM) -> int:
        self.process.send_signal(signum)
        return self.process.wait(30)

    def said(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.read()


@pytest.fixture
def supervise(tmp_path) -> Iterator[Callable[[str], Running]]:
    started: list[Running] = []

    def start(children: str) -> Running:
        started.append(Running(tmp_path, children))
        return started[-1]

    yield start
    for running in started:
        running.process.kill()
        running.process.wait()
        assert running.process.stdout is not None
        running.process.stdout.close()


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def wait_for(happened: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_a_killed_child_is_started_again(supervise):
    running = supervise(SLEEPER.format("a"))
    first = running.first("a")
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: len(running.pids("a")) == 2)
    assert alive(running.pids("a")[1])
    assert running.end() == 0
    assert "a ended (SIGKILL) and is started again" in running.said()


def test_a_stop_takes_every_child_along(supervise):
    running = supervise(", ".join(SLEEPER.format(name) for name in "abc"))
    pids = [running.first(name) for name in "abc"]
    assert running.end() == 0
    assert not any(alive(pid) for pid in pids)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_both_signals_end_it_well(supervise, signum):
    running = supervise(SLEEPER.format("a"))
    running.first("a")
    assert running.end(signum) == 0


def test_children_stop_in_the_order_given(supervise):
    on_term = "import signal; signal.signal(signal.SIGTERM, lambda *_: (print('gone {0}', flush=True), sys.exit(0)))"
    ready = "open(os.path.join(os.environ['FOLDER'], '{0}.ready'), 'w'); time.sleep(600)"
    children = ", ".join(
        f"child({n!r}, noting({n!r}, {on_term.format(n) + '; ' + ready.format(n)!r}))" for n in ("first", "second")
    )
    running = supervise(children)
    wait_for(lambda: all((running.folder / f"{n}.ready").exists() for n in ("first", "second")))
    assert running.end() == 0
    said = running.said()
    assert said.index("gone first") < said.index("gone second")


def test_a_killed_supervisor_leaves_nobody_behind(supervise):
    running = supervise(", ".join(SLEEPER.format(name) for name in "ab"))
    pids = [running.first(name) for name in "ab"]
    running.end(signal.SIGKILL)
    wait_for(lambda: not any(alive(pid) for pid in pids))


def test_what_a_dead_child_had_started_goes_with_it(supervise):
    spawn = "import subprocess; p = subprocess.Popen(['sleep', '600']); "
    note = "open(os.path.join(os.environ['FOLDER'], 'grandchild'), 'a').write(str(p.pid) + chr(10)); time.sleep(600)"
    running = supervise(f"child('a', noting('a', {spawn + note!r}))")
    grandchild = running.first("grandchild")
    os.kill(running.first("a"), signal.SIGKILL)
    wait_for(lambda: not alive(grandchild))
    running.end()


def test_a_refusal_stops_everything_and_is_passed_on(supervise):
    running = supervise(SLEEPER.format("a") + ", child('b', 'import sys, time; time.sleep(0.5); sys.exit(2)')")
    first = running.first("a")
    assert running.process.wait(30) == 2
    assert not alive(first)


@pytest.mark.parametrize("code", [0, 2])
def test_an_optional_child_may_end(supervise, code):
    running = supervise(f"{SLEEPER.format('a')}, child('b', noting('b', 'sys.exit({code})'), optional=True)")
    running.first("a")
    running.first("b")
    time.sleep(1.0)  # several times the first pause
    assert len(running.pids("b")) == 1
    assert running.end() == 0


def test_a_child_that_dies_young_is_started_less_and_less_often(supervise):
    running = supervise("child('a', noting('a', 'sys.exit(1)'))")
    wait_for(lambda: len(running.pids("a")) >= 3)
    time.sleep(1.0)
    assert len(running.pids("a")) <= 5
    assert running.end() == 0


def test_exits_are_told_in_words():
    assert tell_exit(-9) == "SIGKILL"
    assert tell_exit(1) == "exit code 1"
