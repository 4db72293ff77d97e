"""A process that has imported everything and forks workers in no time, so that a test can kill twenty of them.

Run as a program it reads one JSON object a line (`argv`, `env`, `log`, `hasty`) and answers with the process id. What
it forks runs `motet.cli.main(argv)` as `motet` would, and dies with it. A `hasty` worker has short leases, beats and
surveys: all of them, wherever they were imported to, since nothing else of it may differ.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

HASTE: dict[str, Any] = {"LEASE": timedelta(seconds=1.5), "BEAT": 0.4, "SURVEY": 1.0}


def hasten(put: Callable[[Any, str, Any], None] = setattr) -> None:
    """Shortens them in every module that has them; `put` sets one."""
    for name, module in list(sys.modules.items()):
        if name.startswith("motet."):
            for constant, value in HASTE.items():
                if hasattr(module, constant):
                    put(module, constant, value)


class Worker:
    """One forked `motet`. Its process id stays its own until the nursery ends, since nobody reaps it before."""

    def __init__(self, pid: int, argv: tuple[str, ...], log: Path) -> None:
        self.pid, self.argv, self.log = pid, argv, log

    @property
    def alive(self) -> bool:
        try:
            state = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        return state not in "ZX"

    def send(self, signum: int) -> None:
        os.kill(self.pid, signum)

    def kill(self) -> None:
        """SIGKILL, and waits until it is dead."""
        self.send(signal.SIGKILL)
        self._await_end(10)

    def end(self) -> None:
        if self.alive:
            self.send(signal.SIGCONT)
            self.send(signal.SIGTERM)
            if not self._await_end(10):
                self.kill()

    def _await_end(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.alive and time.monotonic() < deadline:
            time.sleep(0.005)
        return not self.alive


class Nursery:
    """The parent of workers, seen from a test."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._ask() == "ready"

    def start(self, *argv: str, env: dict[str, str], log: Path, hasty: bool) -> Worker:
        assert self._process.stdin is not None
        request = {"argv": [*argv, "--json"], "env": env, "log": str(log), "hasty": hasty}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return Worker(int(self._ask()), argv, log)

    def close(self) -> None:
        """Whoever is left dies with it."""
        self._process.kill()
        self._process.wait()

    def _ask(self) -> str:
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], 60)
        assert ready, "the nursery does not answer"
        return self._process.stdout.readline().strip()


def _main() -> None:
    import motet.app
    import motet.delivery.service
    import motet.engine.loop

    assert motet.app
    assert motet.delivery.service
    assert motet.engine.loop
    from motet.cli.main import main
    from motet.storage.embedded import die_with_parent

    say = os.fdopen(os.dup(1), "w")
    print("ready", file=say, flush=True)
    parent = os.getpid()
    for line in sys.stdin:
        request = json.loads(line)
        pid = os.fork()
        if pid:
            print(pid, file=say, flush=True)
            continue
        die_with_parent(parent, signal.SIGKILL)()
        say.close()
        log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        for name in [name for name in os.environ if name.startswith("MOTET_")]:
            del os.environ[name]
        os.environ.update(request["env"])
        if request["hasty"]:
            hasten()
        code = 1
        try:
            code = main(request["argv"])
        finally:
            sys.stderr.flush()
            os._exit(code)


if __name__ == "__main__":
    _main()
