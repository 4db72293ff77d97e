"""What makes two imports the same: the bytes of the file, and how they are read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from motet.ingest.importing import Source
from motet.ingest.reading import read_layout

_BLOCK = 1 << 20


class Fingerprint:
    """Takes the bytes as they come."""

    def __init__(self) -> None:
        self._digest = hashlib.blake2b(digest_size=16)

    def update(self, block: bytes) -> None:
        self._digest.update(block)

    @property
    def content(self) -> str:
        """Of the bytes alone."""
        return self._digest.hexdigest()

    def of(self, kind: str, mapping: Mapping[str, str], event: str | None = None) -> str:
        """Of the bytes, read as rows of this kind with this mapping."""
        digest = self._digest.copy()
        pairs = sorted(mapping.items())
        digest.update(msgspec.json.encode(pairs if kind == "customers" else [kind, event, pairs]))
        return digest.hexdigest()


def read_source(path: Path, kind: str, mapping: Mapping[str, str], event: str | None = None) -> Source:
    """Looks at a file, and reads all of it once. Blocks. Raises Refused when it cannot be one of ours."""
    layout = read_layout(path)
    print_ = Fingerprint()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            print_.update(block)
    return Source(path, layout, print_.content, print_.of(kind, mapping, event))
