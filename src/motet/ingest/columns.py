"""Which field of a profile or of an event each column of a file goes to, and the cells of a row as raw fields.

Names are recognised whatever their spelling (`E-Mail`, `First Name`); a mapping (`--map "Kunde=external_id"`) comes
first; what nobody knows becomes an attribute, or a property, under its name in snake_case.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from motet.core.errors import Problem, Refused
from motet.core.spelling import guess
from motet.ingest.vocabulary import CUSTOMERS, Vocabulary

IGNORED = "-"  # the target of a column that is left out
_TOLD = 20  # problems of one kind: enough to see what is wrong
_REMEMBERED = 10_000  # names of columns: each line of JSON may bring new ones
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,9})?")
_PHONE = re.compile(r"\+\d{7,15}")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# A text that a spreadsheet, or we, would take for something else is marked by an apostrophe before it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
_decode = msgspec.json.Decoder().decode


class Target(NamedTuple):
    """Where a value goes. `key` is of a map; `text` keeps it from becoming a number; `inverted` is an opt-out."""

    field: str
    key: str | None = None
    text: bool = False
    inverted: bool = False

    @property
    def path(self) -> str:
        return self.field if self.key is None else f"{self.field}.{self.key}"


class Columns:
    """Turns the cells of a row into raw fields, which `check_customer` and its like then judge."""

    def __init__(
        self,
        header: Sequence[str],
        mapping: Mapping[str, str],
        vocabulary: Vocabulary = CUSTOMERS,
        *,
        strict: bool = True,
    ) -> None:
        """Raises Refused for a mapping that names no column or no field, and when nothing identifies a customer.

        An empty `header` means JSON lines: every object names its own columns. Without `strict` what is wrong with
        the header is only listed, in `problems`.
        """
        self._words = vocabulary
        self._rest = vocabulary.rest
        self._mapping = {column: self._read_target(column, target) for column, target in mapping.items()}
        self._known: dict[str, Target | None] = {}
        # Path of a field -> the column it came from; what is mapped, or spelled as we do, goes before an alias.
        self.origins = {target.path: column for column, target in self._mapping.items() if target is not None}
        for column in header:
            if self._is_path(column) and column not in self._mapping:
                self.origins.setdefault(column, column)
        self._header = list(header)
        self._targets = [self._settle(column) for column in header]
        self.problems = self._find_problems(header) if header else []
        if strict and self.problems:
            raise Refused(self.problems)

    def read_cells(self, cells: Sequence[str]) -> dict[str, Any]:
        """Raw fields of a CSV row; an empty cell says nothing. Raises IndexError when there are too many cells."""
        raw: dict[str, Any] = {}
        others: dict[str, Any] = {}
        rest, typed = self._rest, self._words.typed
        if len(cells) > len(self._targets):
            raise IndexError(len(cells))
        for cell, target in zip(cells, self._targets, strict=False):
            if not cell or target is None or not (text := cell.strip()):
                continue
            field, key, plain, inverted = target
            if text[0] == "'" and is_marked(text):
                text, plain = text[1:], True
            if key is None:
                raw[field] = read_cell(text) if field in typed and not plain else text
            elif field == rest:
                others[key] = text if plain else read_cell(text)
            else:
                raw.setdefault(field, {})[key] = _invert(text) if inverted else text
        if others:
            known = raw.get(rest)
            raw[rest] = {**known, **others} if isinstance(known, dict) else others
        return raw

    def read_object(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Raw fields of a JSON object."""
        raw: dict[str, Any] = {}
        for name, value in fields.items():
            target = self._known[name] if name in self._known else self._target(name)
            if target is None or value is None:
                continue
            if target.key is None and target.field != name and target.field in fields and name not in self._mapping:
                target = Target(self._rest, _snake(name))  # an alias, and the field stands there too
            self._put(raw, target, value)
        return raw

    def tell(self) -> list[tuple[str, str]]:
        """Each column of the header with the field that it goes to, as a mapping spells it."""
        return [(column, _spell(target)) for column, target in zip(self._header, self._targets, strict=True)]

    def find(self, column: str) -> str:
        """Where a name of a JSON object goes, as a mapping spells it."""
        return _spell(self._target(column))

    def name(self, path: str) -> str:
        """The column that a field's problem is about; the field itself when no single column is."""
        return self.origins.get(path, path)

    def _put(self, raw: dict[str, Any], target: Target, value: Any) -> None:
        if target.key is None:
            known = raw.get(target.field)
            # `attributes` may stand whole beside single attributes.
            raw[target.field] = {**value, **known} if isinstance(known, dict) and isinstance(value, dict) else value
            return
        group = raw.setdefault(target.field, {})
        if isinstance(group, dict):
            group[target.key] = _invert(value) if target.inverted else value

    def _settle(self, column: str) -> Target | None:
        """The target of a header's column: the first of a kind is the one, others are attributes of their own."""
        target = self._target(column)
        if target is not None and self.origins[target.path] != column:
            target = Target(self._rest, _snake(column))
            self.origins.setdefault(target.path, column)
        return target

    def _target(self, column: str) -> Target | None:
        if column in self._mapping:
            target = self._mapping[column]
        else:
            name = _snake(column)
            words = column if self._is_path(column) else self._words.aliases.get(name) or self._spell_rest(name)
            target = _parse(words)
        if len(self._known) < _REMEMBERED:
            if target is not None:
                self.origins.setdefault(target.path, column)
            self._known[column] = target
        return target

    def _spell_rest(self, name: str) -> str:
        return f"{self._rest}.{name}" if name else IGNORED

    def _read_target(self, column: str, words: str) -> Target | None:
        target = _parse(words)
        if words != IGNORED and (target is None or not self._is_path(target.path)):
            near = _near(words, list(self._words.fields))
            fix = f"{near}; your own fields are {self._rest}.NAME; - leaves the column out"
            raise Refused([Problem("import.unknown_target", f"there is no field {words!r}", f"map {column}", fix)])
        return target

    def _is_path(self, words: str) -> bool:
        field, dot, key = words.partition(".")
        return field in self._words.fields if not dot else field in self._words.maps and bool(key)

    def _find_problems(self, header: Sequence[str]) -> list[Problem]:
        problems = [
            Problem("import.unknown_column", f"the file has no column {c!r}", f"map {c}", _near(c, header))
            for c in islice((c for c in self._mapping if c not in header), _TOLD)
        ]
        paths = [t.path for t in self._mapping.values() if t is not None]
        problems += [
            Problem("import.duplicate_target", "two columns are mapped to it", f"map {p}", "map one of them elsewhere")
            for p in sorted(p for p, times in Counter(paths).items() if times > 1)[:_TOLD]
        ]
        doubles = sorted(c for c, times in Counter(header).items() if c and times > 1)[:_TOLD]
        problems += [Problem("import.duplicate_column", f"{c!r} stands twice", "row 1", "rename one") for c in doubles]
        if not any(t is not None and t.field in self._words.identifiers for t in self._targets):
            problems.append(
                Problem(
                    "import.no_identifier",
                    f"no column says who a row is about; there are {', '.join(header)[:300]}",
                    "row 1",
                    f'name one with --map "COLUMN=FIELD" (FIELD is {", ".join(sorted(self._words.identifiers))})',
                )
            )
        return problems


def is_marked(text: str) -> bool:
    """Whether the apostrophe that a cell begins with is a mark, and not its first letter."""
    return text[1:2] in _FORMULA or (len(text) > 1 and read_cell(text[1:]) != text[1:])


def mark(text: str, *, typed: bool) -> str:
    """A text as a cell that `read_cells` reads back as it was; `typed` when it would look for numbers in it."""
    if typed and text and read_cell(text) != text:
        return f"'{text}"
    harmless = _NUMBER.fullmatch(text) or _PHONE.fullmatch(text)
    return f"'{text}" if text.startswith(_FORMULA) and not harmless else text


def read_cell(text: str) -> Any:
    """A cell as the value it spells: a number, true or false, JSON, or the text itself.

    Numbers with a leading zero or a plus (post codes, phones) stay texts.
    """
    first = text[0]
    if first in "-0123456789" and _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    if first in "tTfF" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if first in "{[":
        try:
            return _decode(text)
        except (msgspec.DecodeError, RecursionError):
            return text
    return text


def _parse(words: str) -> Target | None:
    if words == IGNORED:
        return None
    inverted = words.startswith("!")
    words, _, kind = words.lstrip("!").partition(":")
    field, _, key = words.partition(".")
    return Target(field, key or None, kind == "text", inverted)


def _spell(target: Target | None) -> str:
    if target is None:
        return IGNORED
    return f"{'!' if target.inverted else ''}{target.path}{':text' if target.text else ''}"


def _snake(column: str) -> str:
    return re.sub(r"\W+", "_", _CAMEL.sub("_", column.strip())).strip("_").lower()


def _invert(value: Any) -> Any:
    """An opt-out as a consent. What is neither yes nor no is left for the check to name."""
    word = str(value).strip().lower()
    if word in ("true", "yes", "y", "1", "t", "on"):
        return False
    return True if word in ("false", "no", "n", "0", "f", "off") else value


def _near(word: str, words: Sequence[str]) -> str:
    near = guess(word, words)
    return f"did you mean {near!r}?" if near else f"there are {', '.join(words)[:300]}"
