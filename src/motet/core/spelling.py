"""Words for a Problem: a guess at what a misspelt word was meant to be, and a value as it was written."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from difflib import get_close_matches
from functools import lru_cache


def guess(word: str, known: Iterable[str]) -> str | None:
    """The known word that looks most like `word`; None when none comes near."""
    return _guess(word[:60], tuple(known))


@lru_cache(maxsize=4096)
def _guess(word: str, known: tuple[str, ...]) -> str | None:
    """A guess costs 0.1 ms, and a file may be wrong in the same way in every row."""
    found = get_close_matches(word, known, n=1, cutoff=0.6)
    return found[0] if found else None


def suggest(word: str, known: Iterable[str]) -> str:
    """A sentence for `fix`: the near word as a question, else the whole list."""
    words = list(known)
    near = guess(word, words)
    return f"did you mean {near!r}?" if near else f"use one of: {', '.join(words)}"


def show(value: object) -> str:
    """A value for a message, cut when it is long."""
    text = value.isoformat() if isinstance(value, datetime) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
