"""What differs between two documents, as paths."""

from __future__ import annotations

from typing import Any


def list_changes(old: Any, new: Any, path: str = "") -> list[str]:
    """The paths at which `new` says something else than `old`; empty when they mean the same.

    Numbers compare by value, since the database writes 1e3 as 1000; true is not 1.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        names = [*old, *(name for name in new if name not in old)]
        return [p for name in names for p in _compare(old, new, name, f"{path}.{name}" if path else name)]
    if isinstance(old, list) and isinstance(new, list):
        paired = [p for i, (a, b) in enumerate(zip(old, new, strict=False)) for p in list_changes(a, b, f"{path}[{i}]")]
        return paired + [f"{path}[{i}]" for i in range(min(len(old), len(new)), max(len(old), len(new)))]
    same = old == new and isinstance(old, bool) is isinstance(new, bool)
    return [] if same else [path]


def _compare(old: dict[str, Any], new: dict[str, Any], name: str, path: str) -> list[str]:
    return list_changes(old[name], new[name], path) if name in old and name in new else [path]
