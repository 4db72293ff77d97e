"""From text to documents: YAML or JSON, several to a file, each a mapping.

YAML is read by the rules of 1.2, as JSON users expect: `on` and `no` are texts, `10:30` is a text, `007` is a text, and
so is a date. Merge keys are refused, and so is a key that stands twice. What a database cannot keep (NaN, the
character NUL, half a surrogate pair) is refused here, with its place.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

import msgspec
import yaml

from motet.core.errors import Problem, Refused

MAX_BYTES = 512 * 1024
MAX_DEPTH = 40
MAX_NODES = 50_000  # after aliases are written out
_BIGGEST = 2**63 - 1
_BEGIN = "start with `name: my-campaign`, or from `motet blueprint NAME`"
_ROOM_FOR = "keep documents under 512 KiB and put pictures behind a URL"


def read_documents(text: str, origin: str) -> list[dict[str, Any]]:
    """The documents of one file. `origin` names it in errors, as `origin:line:column`.

    Raises Refused with a `document.*` code when the text is no YAML or JSON, or too large.
    """
    if len(text) > MAX_BYTES or len(text.encode(errors="surrogatepass")) > MAX_BYTES:
        raise _refused("document.too_large", f"is larger than {MAX_BYTES // 1024} KiB", origin, _ROOM_FOR)
    if origin.lower().endswith(".json") or text.lstrip("\ufeff \t\r\n").startswith("{"):
        found = _read_json(text, origin)
    else:
        found = None
    documents = _read_yaml(text, origin) if found is None else found
    if not documents:
        raise _refused("document.empty", "holds no document", origin, _BEGIN)
    problems = [_in(origin, p) for d in documents for p in check_values(d)]
    if problems:
        raise Refused(problems)
    return documents


def check_values(document: object, path: str = "") -> list[Problem]:
    """What a document must be whatever it says: a mapping of JSON values, within bounds. At most one problem."""
    if not isinstance(document, dict):
        return [Problem("document.not_a_mapping", f"is {_kind(document)}, not a mapping of fields", path, _BEGIN)]
    for count, (place, value, depth) in enumerate(_walk(document, path, 0), 1):
        if count > MAX_NODES:
            return [Problem("document.too_large", f"holds more than {MAX_NODES:,} values", path, _ROOM_FOR)]
        if depth > MAX_DEPTH:
            return [Problem("document.too_deep", f"is nested more than {MAX_DEPTH} deep", path)]
        if wrong := _unkeepable(value):
            return [Problem("document.bad_value", wrong, place)]
    return []


def _read_json(text: str, origin: str) -> list[dict[str, Any]] | None:
    """None when it is not JSON but may still be YAML: a flow mapping starts with a brace as well."""
    try:
        read = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_Pairs(origin), parse_constant=_constant)
    except json.JSONDecodeError as error:
        if not origin.lower().endswith(".json"):
            return None
        where = f"{origin}:{error.lineno}:{error.colno}"
        raise _refused("document.syntax", f"is not JSON: {error.msg}", where) from None
    except RecursionError:
        raise _refused("document.too_deep", f"is nested more than {MAX_DEPTH} deep", origin) from None
    except ValueError as error:
        raise _refused("document.bad_value", str(error), origin) from None
    return [read]


class _Pairs:
    """Makes an object and refuses a key that stands twice."""

    def __init__(self, origin: str) -> None:
        self.origin = origin

    def __call__(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, value in pairs:
            if key in made:
                raise _twice(key, self.origin)
            made[key] = value
        return made


def _constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number that can be kept")


class _Loader(yaml.SafeLoader):
    """The safe loader with the plain scalars of YAML 1.2, bounded depth, and no key twice."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}

    def __init__(self, text: str, origin: str) -> None:
        super().__init__(text)
        self.origin = origin
        self.depth = 0
        self.nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self.depth += 1
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise _refused("document.too_large", f"holds more than {MAX_NODES:,} values", self.origin, _ROOM_FOR)
        if self.depth > MAX_DEPTH:
            where = _at(self.origin, self.peek_event().start_mark)  # type: ignore[no-untyped-call]
            raise _refused("document.too_deep", f"is nested more than {MAX_DEPTH} deep", where)
        node: yaml.Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            where = _at(self.origin, key.start_mark)
            if not isinstance(key, yaml.ScalarNode):
                raise _refused("document.bad_key", "a field's name must be a plain text", where)
            if key.value == "<<":
                raise _refused("document.merge_key", "merge keys are not read", where, "write the fields out")
            if key.value in seen:
                raise _twice(key.value, where)
            seen.add(key.value)
        return {key.value: self.construct_object(value, deep=True) for key, value in node.value}


_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(~|null|Null|NULL|)\Z"), ["~", "n", "N", ""])
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"(true|True|TRUE|false|False|FALSE)\Z"), list("tTfF")
)
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"-?(0|[1-9][0-9]*)\Z"), list("-0123456789"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?\Z"), list("-0123456789")
)


def _read_yaml(text: str, origin: str) -> list[Any]:
    loader = _open(text, origin)
    documents: list[Any] = []
    try:
        while loader.check_data():  # type: ignore[no-untyped-call]
            document = loader.get_data()
            if document is not None:  # an empty one: `---` at the end of a file
                documents.append(document)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(str(part) for part in (error.context, error.problem) if part)
        where = _at(origin, mark) if mark else origin
        raise _refused("document.syntax", f"is not YAML: {said}", where, _hint(said)) from None
    except yaml.YAMLError as error:
        raise _refused("document.syntax", f"is not YAML: {error}", origin) from None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits
        raise _refused("document.bad_value", str(error), origin) from None
    except (KeyError, IndexError, AttributeError) as error:  # a tag such as !!bool on what is none
        raise _refused("document.bad_value", f"a value does not fit its tag: {error}", origin) from None
    finally:
        loader.dispose()
    return documents


def _open(text: str, origin: str) -> _Loader:
    try:
        return _Loader(text, origin)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        where = f"{origin}:{line}"
        message = f"the character {error.character!r} may not stand in YAML"
        raise _refused("document.syntax", message, where) from None


def _in(origin: str, problem: Problem) -> Problem:
    return msgspec.structs.replace(problem, path=f"{origin}:{problem.path}" if problem.path else origin)


def _hint(said: str) -> str:
    if "cannot start any token" in said and "\\t" in said:
        return "indent with spaces, not tabs"
    if "mapping values are not allowed" in said or "could not find expected ':'" in said:
        return "check the indentation, and put texts with a colon in quotes"
    return ""


def _at(origin: str, mark: Any) -> str:
    return f"{origin}:{mark.line + 1}:{mark.column + 1}"


def _twice(key: str, where: str) -> Refused:
    return _refused("document.duplicate_key", f"the field {key!r} stands twice", where, "keep one of them")


def _refused(code: str, message: str, path: str, fix: str = "") -> Refused:
    return Refused([Problem(code, message, path, fix)])


def _walk(value: Any, path: str, depth: int) -> Iterator[tuple[str, Any, int]]:
    yield path, value, depth
    if depth > MAX_DEPTH:
        return
    if isinstance(value, dict):
        for key, part in value.items():
            place = f"{path}.{key}" if path else f"{key}"
            yield place, key if isinstance(key, str) else _Odd(key), depth
            yield from _walk(part, place, depth + 1)
    elif isinstance(value, (list, tuple)):
        for index, part in enumerate(value):
            yield from _walk(part, f"{path}[{index}]", depth + 1)


class _Odd:
    """A key that is no text."""

    def __init__(self, key: object) -> None:
        self.key = key


def _unkeepable(value: object) -> str | None:
    """Why JSON or PostgreSQL cannot keep the value; None when they can."""
    match value:
        case str():
            if "\0" in value:
                return "a text may not hold the character NUL"
            if any("\ud800" <= c <= "\udfff" for c in value):
                return "the text holds half of a surrogate pair"
        case bool() | None | dict() | list() | tuple():
            return None
        case int():
            return None if abs(value) <= _BIGGEST else "the number does not fit in 64 bits"
        case float():
            return None if math.isfinite(value) else f"{value} is not a number that can be kept"
        case _Odd():
            return f"the field name {value.key!r} is no text; put it in quotes"
        case _:
            return f"is {_kind(value)}, which JSON does not have"
    return None


def _kind(value: object) -> str:
    names = {
        str: "a text",
        list: "a list",
        int: "a number",
        float: "a number",
        bool: "true or false",
        type(None): "empty",
    }
    return names.get(type(value), f"a {type(value).__name__}")
