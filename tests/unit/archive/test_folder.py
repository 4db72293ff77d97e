"""The archive's folder holds what customers told us: nobody else on the machine may look into it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from uuid import UUID

from motet.archive.duck import Duck
from motet.archive.files import events_path, make_room


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


async def test_a_new_folder_is_its_owners_alone(tmp_path: Path) -> None:
    make_room(tmp_path / "home" / "files", events_path(date(2026, 11, 24), UUID(int=1)))
    assert mode_of(tmp_path / "home" / "files") == 0o700
    duck = Duck(tmp_path / "home" / "scratch", memory="100MB", threads=1)
    async with duck.session():
        pass
    duck.close()
    assert mode_of(tmp_path / "home" / "scratch") == 0o700


def test_a_folder_that_its_owner_opened_stays_open(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    make_room(tmp_path, events_path(date(2026, 11, 24), UUID(int=1)))
    assert mode_of(tmp_path) == 0o750
