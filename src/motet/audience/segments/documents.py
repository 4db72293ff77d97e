"""Documents of `kind: segment`, `trait` and `lifecycle`: read, each problem named with its place and its fix. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import msgspec

from motet.core.errors import Problem, Refused
from motet.core.filters import compile_filter
from motet.core.filters.needs import find_leaves
from motet.core.filters.traits import read_trait
from motet.core.filters.tree import Op, Test
from motet.core.sheet import Sheet, join_filters
from motet.core.spelling import show, suggest

KINDS = ("segment", "trait", "lifecycle")
WINDOWS = ("within", "until", "during", "since", "before")
MAX_STAGES = 20

_NAMING = frozenset({Op.EQ, Op.IN, Op.CONTAINS})
_DESCRIPTION, _STAGE = 5_000, 64  # characters
_FIELDS = {
    "segment": ("kind", "name", "title", "description", "where"),
    "trait": ("kind", "name", "title", "event", "where", "take", "of", *WINDOWS),
    "lifecycle": ("kind", "stages"),
}


class SegmentDocument(msgspec.Struct, frozen=True):
    name: str
    title: str
    description: str
    where: dict[str, Any]
    kind: str = "segment"


class TraitDocument(msgspec.Struct, frozen=True):
    """`definition` is what `compile_filter(traits=...)` reads: event, where, take, of, and a window."""

    name: str
    title: str
    definition: dict[str, Any]
    kind: str = "trait"


class LifecycleDocument(msgspec.Struct, frozen=True):
    stages: tuple[tuple[str, dict[str, Any]], ...]  # (stage, when), the first that holds wins
    name: str = "lifecycle"
    kind: str = "lifecycle"


Document: TypeAlias = SegmentDocument | TraitDocument | LifecycleDocument


def validate(document: object) -> list[Problem]:
    """What is wrong with a document by itself; whether a trait that it names exists, only `apply_document` knows."""
    try:
        read_document(document)
    except Refused as refused:
        return list(refused.problems)
    return []


def read_document(document: object) -> Document:
    """The document as a struct. Raises Refused with every problem; paths are those of the document."""
    if not isinstance(document, Mapping):
        raise Refused(
            [Problem("document.not_a_mapping", "a document is a mapping of fields", "", "start with `kind: segment`")]
        )
    kind = document.get("kind")
    if kind not in KINDS:
        raise Refused([Problem("document.unknown_kind", f"{show(kind)} is no kind", "kind", suggest(str(kind), KINDS))])
    if not _can_be_kept(document):
        fix = "leave out the character NUL, halves of surrogate pairs, and NaN"
        raise Refused([Problem("document.bad_value", "holds a value that cannot be kept", "", fix)])
    page = _Page(document, kind)
    made: Document = _READ[kind](page)
    if page.problems:
        raise Refused(page.problems)
    return made


def _can_be_kept(document: Mapping[Any, Any]) -> bool:
    """Whether JSON and PostgreSQL can hold it. Files say the place: `authoring.reading` looks before."""
    try:
        text = msgspec.json.encode(document)
    except (UnicodeEncodeError, TypeError, ValueError, RecursionError):
        return False
    return b"\\u0000" not in text and _is_finite(document)


def _is_finite(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    return all(_is_finite(part) for part in parts)


class _Page(Sheet):
    """The fields of one document, and what is wrong with them."""

    def __init__(self, document: Mapping[str, Any], kind: str) -> None:
        super().__init__(document, "", [], _FIELDS[kind])

    def name(self) -> str:
        return (self.need("name", "such as big-spenders") and self.slug("name")) or ""

    def title(self, name: str) -> str:
        return self.text("title") or name.replace("-", " ").replace("_", " ").capitalize()

    def condition(self, spec: Any, path: str) -> dict[str, Any]:
        """A condition, by itself: whether the traits that it names exist is not known here.

        Segments are asked for by name: what hangs on which must be known.
        """
        anything = {name: {"event": "x", "take": "count"} for name in names_of_traits(spec)}
        try:
            tree = compile_filter(spec, path, traits=anything).tree
        except Refused as refused:
            self.problems.extend(refused.problems)
            return {}
        for leaf in find_leaves(tree):
            if isinstance(leaf, Test) and leaf.path == ("segments",) and leaf.op not in _NAMING:
                fix = "such as {segments: vip}, or {tags: ...} for tags"
                self.note("segment.not_named", f"asks for segments by {leaf.op.value}", path, fix)
        return join_filters(spec)


def _segment(page: _Page) -> SegmentDocument:
    name, where = page.name(), page.raw.get("where")
    if where is None:
        page.note("document.missing_field", "is missing", "where", 'such as {"country": "DE"}; {} is everybody')
    description = page.text("description", _DESCRIPTION) or ""
    return SegmentDocument(name, page.title(name), description, {} if where is None else page.condition(where, "where"))


def _trait(page: _Page) -> TraitDocument:
    name = page.name()
    definition = {f: page.raw[f] for f in _FIELDS["trait"][3:] if page.raw.get(f) is not None}
    try:
        read_trait(definition)
    except Refused as refused:
        page.problems.extend(refused.problems)
    return TraitDocument(name, page.title(name), {**definition, "take": definition.get("take", "count")})


def _lifecycle(page: _Page) -> LifecycleDocument:
    stages = page.raw.get("stages")
    if not isinstance(stages, (list, tuple)) or not 1 <= len(stages) <= MAX_STAGES:
        fix = "such as [{stage: customer, when: {last_purchase_at: {$exists: true}}}]"
        page.note("document.not_a_list", f"must be a list of 1 to {MAX_STAGES} stages", "stages", fix)
        return LifecycleDocument(())
    return LifecycleDocument(tuple(_stage(page, raw, f"stages[{i}]") for i, raw in enumerate(stages)))


def _stage(page: _Page, raw: Any, path: str) -> tuple[str, dict[str, Any]]:
    if not isinstance(raw, Mapping):
        page.note("document.not_a_mapping", "must be a mapping", path, "such as {stage: customer, when: {...}}")
        return "", {}
    sheet = Sheet(raw, path, page.problems, ("stage", "when"))
    sheet.need("stage", "such as customer")
    stage, when = sheet.text("stage", _STAGE), raw.get("when")
    if when is None:
        sheet.note("document.missing_field", "is missing", "when", "{} always holds")
    return stage or "", {} if when is None else page.condition(when, sheet.at("when"))


_READ: dict[str, Callable[[_Page], Document]] = {"segment": _segment, "trait": _trait, "lifecycle": _lifecycle}


def names_of_traits(spec: Any) -> frozenset[str]:
    """The computed traits that a spec asks about."""
    return frozenset(_walk(spec))


def _walk(spec: Any) -> Iterator[str]:
    if isinstance(spec, Mapping):
        for key, value in spec.items():
            if isinstance(key, str) and key.startswith("traits."):
                yield key.removeprefix("traits.")
            yield from _walk(value)
    elif isinstance(spec, (list, tuple)):
        for part in spec:
            yield from _walk(part)
