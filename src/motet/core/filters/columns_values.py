"""How one value compares with one operand, as DuckDB SQL: the semantics of `values`, said once more.

Every function gives a condition that is true or false and never NULL, so that its negation is the other. Moments are
microseconds since 1970, whatever the session's timezone. Values and names go in as parameters, never into the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from motet.core.clock import to_us
from motet.core.filters.tree import Op, Operand, Scalar
from motet.core.filters.values import ISO, read_moment

_EXACT = 2**53  # up to here a double holds every whole number
FEW = 12  # operands that are written one by one

_PARAM = re.compile(r"\$\d+", re.ASCII)
_OFFSET = r"[+-]\d\d:?\d\d$"
_SIGNS = {Op.GT: ">", Op.GTE: ">=", Op.LT: "<", Op.LTE: "<="}

Check = Callable[[str], str]  # the SQL of a value -> the SQL of a condition on it


class Params:
    """The parameters of one statement; what was given before is given once. `finish` numbers those that are used."""

    def __init__(self) -> None:
        self.values: list[object] = []
        self._names: dict[tuple[type, object], str] = {}

    def add(self, value: object) -> str:
        key = (type(value), tuple(value) if isinstance(value, list) else value)
        if key not in self._names:
            self.values.append(value)
            self._names[key] = f"${len(self.values)}"
        return self._names[key]

    def finish(self, sql: str) -> tuple[str, tuple[object, ...]]:
        """The statement and its parameters, in the order of `$1`, `$2`, ...: DuckDB wants no other."""
        used = list(dict.fromkeys(_PARAM.findall(sql)))
        numbers = {name: f"${number}" for number, name in enumerate(used, 1)}
        return _PARAM.sub(lambda found: numbers[found[0]], sql), tuple(self.values[int(name[1:]) - 1] for name in used)


def moment_of(text: str) -> str:
    """The microseconds of an ISO text; NULL when it is none, or no day of the calendar."""
    offset = f"coalesce(TRY_CAST(replace(regexp_extract({text}, '{_OFFSET}'), ':', '') AS BIGINT), 0)"
    minutes = let("o", offset, lambda o: f"{o} // 100 * 60 + {o} % 100")  # both round towards zero: -0130 is -1 and -30
    shift = f"CASE WHEN length({text}) > 16 THEN {minutes} * 60000000 ELSE 0 END"
    local = f"epoch_us(TRY_CAST(replace({text}, ',', '.') AS TIMESTAMP))"  # does not look at the offset
    is_moment = (
        f"length({text}) >= 10 AND regexp_full_match({text}, '{ISO.pattern}') AND NOT starts_with({text}, '0000')"
    )
    return f"(CASE WHEN {is_moment} THEN {local} - {shift} END)"


def raw(json: str) -> str:
    """The JSON as it is written; its first character tells the kind, faster than `json_type`."""
    return f"CAST({json} AS VARCHAR)"


def is_text(json: str) -> str:
    return f"coalesce(starts_with({raw(json)}, '\"'), false)"


def is_list(json: str) -> str:
    return f"starts_with({raw(json)}, '[')"


def is_map(json: str) -> str:
    return f"starts_with({raw(json)}, '{{')"


def absent(json: str) -> str:
    return f"(coalesce({raw(json)}, 'null') = 'null')"


def text_of(json: str) -> str:
    return f"json_extract_string({json}, '$')"


def number_of(json: str) -> str:
    """A JSON number as a double, NULL for anything else."""
    return f"(CASE WHEN {raw(json)}[1] BETWEEN '-' AND '9' THEN TRY_CAST({json} AS DOUBLE) END)"


def is_plain(text: str) -> bool:
    """Whether JSON writes the text as it stands, between quotes."""
    return text.isprintable() and not set('"\\') & set(text)


def let(name: str, value: str, use: Callable[[str], str]) -> str:
    """Something made of a value that is worked out once: DuckDB would work it out anew at each mention."""
    return f"list_transform([{value}], lambda {name}: {use(name)})[1]"


def truth(condition: str) -> str:
    return f"coalesce({condition}, false)"


# columns of one type ---------------------------------------------------------------------------------------------


class Texts:
    """Values that are texts or NULL. `nested` inside a lambda, where no subquery can stand."""

    def __init__(self, params: Params, nested: bool = False) -> None:
        self.params = params
        self.nested = nested

    def absent(self, value: str) -> str:
        return f"({value} IS NULL)"

    def equals(self, value: str, operand: Scalar) -> str:
        if operand is None or operand is False:
            return self.absent(value)
        moment = None if isinstance(operand, bool) else read_moment(operand)
        if moment is not None:
            return truth(f"{moment_of(value)} = {self.params.add(to_us(moment))}")
        return truth(f"{value} = {self.params.add(operand)}") if isinstance(operand, str) else "false"

    def one_of(self, value: str, kind: str, operands: Sequence[object]) -> str:
        """Whether the value is one of many texts (`kind` VARCHAR), moments (BIGINT) or numbers (DOUBLE)."""
        if kind == "DOUBLE":
            return "false"
        return self._among(moment_of(value) if kind == "BIGINT" else value, kind, operands)

    def _among(self, value: str, kind: str, operands: Sequence[object]) -> str:
        name = f"{self.params.add(list(operands))}::{kind}[]"
        return truth(f"list_contains({name}, {value})" if self.nested else f"{value} IN (SELECT unnest({name}))")

    def orders(self, value: str, op: Op, operand: Scalar) -> str:
        sign = _SIGNS[op]
        moment = read_moment(operand)
        if moment is None:
            return truth(f"{value} {sign} {self.params.add(operand)}") if isinstance(operand, str) else "false"
        us = self.params.add(to_us(moment))
        if not isinstance(operand, str):
            return truth(f"{moment_of(value)} {sign} {us}")
        as_text = f"{value} {sign} {self.params.add(operand)}"
        either = let("m", moment_of(value), lambda m: f"CASE WHEN {m} IS NULL THEN {as_text} ELSE {m} {sign} {us} END")
        return truth(either)

    def starts(self, value: str, text: str) -> str:
        return truth(f"starts_with({value}, {self.params.add(text)})")

    def contains(self, value: str, operand: Scalar) -> str:
        return truth(f"contains({value}, {self.params.add(operand)})") if isinstance(operand, str) else "false"


class Moments(Texts):
    """Values that are microseconds since 1970 or NULL."""

    def equals(self, value: str, operand: Scalar) -> str:
        if operand is None or operand is False:
            return self.absent(value)
        moment = None if isinstance(operand, bool) else read_moment(operand)
        return "false" if moment is None else truth(f"{value} = {self.params.add(to_us(moment))}")

    def one_of(self, value: str, kind: str, operands: Sequence[object]) -> str:
        return self._among(value, kind, operands) if kind == "BIGINT" else "false"

    def orders(self, value: str, op: Op, operand: Scalar) -> str:
        moment = read_moment(operand)
        return "false" if moment is None else truth(f"{value} {_SIGNS[op]} {self.params.add(to_us(moment))}")

    def starts(self, value: str, text: str) -> str:
        return "false"

    def contains(self, value: str, operand: Scalar) -> str:
        return "false"


class Numbers(Moments):
    """Values that are numbers or NULL."""

    def equals(self, value: str, operand: Scalar) -> str:
        if operand is None or operand is False:
            return self.absent(value)
        is_number = isinstance(operand, (int, float)) and not isinstance(operand, bool)
        return truth(f"{value} = {self.params.add(operand)}") if is_number else "false"

    def one_of(self, value: str, kind: str, operands: Sequence[object]) -> str:
        return self._among(value, kind, operands) if kind == "DOUBLE" else "false"

    def orders(self, value: str, op: Op, operand: Scalar) -> str:
        is_number = isinstance(operand, (int, float)) and not isinstance(operand, bool)
        return truth(f"{value} {_SIGNS[op]} {self.params.add(operand)}") if is_number else "false"


class Jsons(Texts):
    """Values that are any JSON but a list; a list is asked element by element, see `ask_json`."""

    def __init__(self, params: Params, nested: bool = False) -> None:
        super().__init__(params, nested)
        self.texts = Texts(params, nested)

    def absent(self, value: str) -> str:
        return absent(value)

    def equals(self, value: str, operand: Scalar) -> str:
        if operand is None:
            return absent(value)
        if isinstance(operand, bool):
            said = truth(f"{raw(value)} = '{str(operand).lower()}'")
            return said if operand else f"({absent(value)} OR {said})"
        if isinstance(operand, (int, float)):
            return self._number(value, "=", operand)
        if isinstance(operand, str) and is_plain(operand) and read_moment(operand) is None:
            return truth(f"{raw(value)} = " + self.params.add(f'"{operand}"'))
        return self._text(value, self.texts.equals(text_of(value), operand))

    def one_of(self, value: str, kind: str, operands: Sequence[object]) -> str:
        if kind == "DOUBLE":
            return self._among(number_of(value), kind, operands)
        return self._text(value, self.texts.one_of(text_of(value), kind, operands))

    def orders(self, value: str, op: Op, operand: Scalar) -> str:
        if isinstance(operand, (int, float)):
            return self._number(value, _SIGNS[op], operand)
        return self._text(value, self.texts.orders(text_of(value), op, operand))

    def starts(self, value: str, text: str) -> str:
        return self._text(value, self.texts.starts(text_of(value), text))

    def contains(self, value: str, operand: Scalar) -> str:
        return self._text(value, self.texts.contains(text_of(value), operand))

    def _text(self, value: str, condition: str) -> str:
        return condition if condition == "false" else f"({is_text(value)} AND {condition})"

    def _number(self, value: str, sign: str, operand: int | float) -> str:
        whole = int(operand) if float(operand).is_integer() else None
        as_double = f"{number_of(value)} {sign} {self.params.add(float(operand))}"
        if whole is None or abs(whole) < _EXACT:
            return truth(as_double)
        as_whole = f"TRY_CAST({value} AS HUGEINT) {sign} {self.params.add(whole)}::HUGEINT"
        is_whole = f"json_type({value}) IN ('BIGINT', 'UBIGINT', 'HUGEINT')"
        return truth(f"CASE WHEN {is_whole} THEN {as_whole} ELSE {as_double} END")


def make_check(kind: Texts, op: Op, operand: Operand) -> Check:
    """The question about one value (an element, where there is a list): every operator but EXISTS and CONTAINS."""
    match op:
        case Op.IN:
            assert isinstance(operand, tuple)
            return lambda value: _one_of(kind, value, operand)
        case Op.BETWEEN:
            assert isinstance(operand, tuple)
            low, high = operand
            return lambda value: f"({kind.orders(value, Op.GTE, low)} AND {kind.orders(value, Op.LTE, high)})"
        case Op.STARTS_WITH:
            assert isinstance(operand, str)
            return lambda value: kind.starts(value, operand)
        case Op.EQ:
            assert not isinstance(operand, tuple)
            return lambda value: kind.equals(value, operand)
        case _:
            assert not isinstance(operand, tuple)
            return lambda value: kind.orders(value, op, operand)


def _one_of(kind: Texts, value: str, operands: Sequence[Scalar]) -> str:
    """Few operands are compared one by one, many of one kind at once."""
    many: dict[str, list[object]] = {"VARCHAR": [], "BIGINT": [], "DOUBLE": []}
    by_one: list[Scalar] = []
    for operand in operands if len(operands) > FEW else ():
        moment = None if isinstance(operand, bool) else read_moment(operand)
        if moment is not None:
            many["BIGINT"].append(to_us(moment))
        elif isinstance(operand, str):
            many["VARCHAR"].append(operand)
        elif isinstance(operand, (int, float)) and not isinstance(operand, bool) and abs(operand) < _EXACT:
            many["DOUBLE"].append(float(operand))
        else:
            by_one.append(operand)
    parts = [kind.equals(value, operand) for operand in (by_one if len(operands) > FEW else operands)]
    return any_of(parts + [kind.one_of(value, name, found) for name, found in many.items() if found])


def ask_column(kind: Texts, value: str, op: Op, operand: Operand) -> str:
    """A question about a column of texts, moments or numbers."""
    if op is Op.EXISTS:
        return f"(NOT {kind.absent(value)})" if operand else kind.absent(value)
    if op is Op.CONTAINS:
        assert not isinstance(operand, tuple)
        return kind.contains(value, operand)
    return make_check(kind, op, operand)(value)


def any_of(parts: Sequence[str]) -> str:
    parts = [p for p in dict.fromkeys(parts) if p != "false"]
    return "false" if not parts else parts[0] if len(parts) == 1 else f"({' OR '.join(parts)})"
