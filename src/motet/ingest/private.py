"""Files that hold what customers told us are their owner's alone."""

from __future__ import annotations

import os


def private(path: str, flags: int) -> int:
    """An `opener` for open(): a file that it makes is readable by its owner only (0600)."""
    return os.open(path, flags, 0o600)
