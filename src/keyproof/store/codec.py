"""Frozen domain objects as plain JSON data and back, by their own types; nothing is lost but behaviour.

A selector becomes the line that describes it, a check its kind and parameters. What a later version adds gets its
default when an older record is read; what it dropped is passed over.
"""

import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from datetime import date, datetime, timedelta
from enum import EnumType
from functools import cache, singledispatch
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, ClassVar, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from pydantic import ConfigDict

from keyproof.check_model import CheckModel
from keyproof.domain.check import Check, Context
from keyproof.domain.duration import Duration, parse_duration
from keyproof.domain.policy import Selector
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Verdict
from keyproof.errors import StoreError

T = TypeVar("T")
BROKEN = (TypeError, ValueError, KeyError, IndexError, AttributeError)
"""What reading damaged data ends in."""


@dataclass(frozen=True, slots=True)
class RecordedSelector:
    """What a selector chose, in words; it chooses no more."""

    text: str

    def matches(self, subject: Subject, secret_class: str) -> bool:  # noqa: ARG002 (the signature of a Selector)
        """Nothing: the choice was made when the run was recorded."""
        return False

    def describe(self) -> str:
        """The line that described it."""
        return self.text


class RecordedCheck(CheckModel):
    """The kind and the parameters of a check as they were; what a newer version would add or refuse changes nothing."""

    model_config = ConfigDict(extra="allow")

    kind: ClassVar[str] = "recorded"

    @property
    def rotation_period(self) -> Duration | None:
        """The parameter `period`, where it is one."""
        period = (self.model_extra or {}).get("period")
        return parse_duration(period) if isinstance(period, str) else None

    def evaluate(self, subject: Subject, context: Context) -> Verdict:  # noqa: ARG002 (the signature of a Check)
        """Not evaluated: the verdicts were recorded with the run."""
        return Verdict.not_evaluated("the check was recorded, not its decision")


def canonical(data: Any) -> bytes:
    """JSON text of plain data: equal data always gives the same bytes, and all of them are ASCII."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def parsed(text: bytes) -> Any:
    """The data of a part. Raises StoreError."""
    try:
        return json.loads(text)
    except ValueError as cause:
        raise StoreError("a part of a recorded run is no JSON") from cause


def compact(data: Any) -> bytes:
    """The same with every key where it is: the order in which a report names things is part of it."""
    return json.dumps(data, separators=(",", ":"), allow_nan=False).encode("ascii")


@singledispatch
def encode(value: Any) -> Any:
    """Plain data for a domain object. Raises TypeError for one that cannot be recorded."""
    if describe := getattr(value, "describe", None):
        return describe()
    if is_dataclass(value):
        return {field.name: encode(getattr(value, field.name)) for field in fields(value) if field.init}
    raise TypeError(f"{type(value).__name__} cannot be recorded")


@encode.register(NoneType)
@encode.register(bool)
@encode.register(int)
@encode.register(float)
def _(value: Any) -> Any:
    return value


@encode.register(str)
def _(value: str) -> str:
    return str(value)  # of a member of an enumeration its value


@encode.register(date)
def _(value: date) -> str:
    return value.isoformat()


@encode.register(timedelta)
def _(value: timedelta) -> list[int]:
    return [value.days, value.seconds, value.microseconds]


@encode.register(CheckModel)
def _(value: CheckModel) -> dict[str, Any]:
    return {"kind": value.kind, "parameters": value.model_dump(mode="json", by_alias=True)}


@encode.register(Mapping)
def _(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {encode(key): encode(item) for key, item in value.items()}


@encode.register(AbstractSet)
def _(value: AbstractSet[Any]) -> list[Any]:
    return sorted(encode(item) for item in value)


@encode.register(tuple)
@encode.register(list)
def _(value: Sequence[Any]) -> list[Any]:
    return [encode(item) for item in value]


class Decoder:
    """Makes domain objects of what `encode` gave."""

    def __init__(self) -> None:
        self._made_by: Mapping[Any, Callable[[Any], Any]] = {
            Check: _recorded_check,
            Selector: RecordedSelector,
            date: date.fromisoformat,
            datetime: datetime.fromisoformat,
            timedelta: lambda parts: timedelta(*parts),
        }

    def decode(self, wanted: type[T], data: Any) -> T:
        """The object of type `wanted`. Raises StoreError when the data is of no such thing."""
        try:
            return cast(T, self.plain(wanted, data))
        except BROKEN as cause:
            raise StoreError(f"a recorded {wanted.__name__} cannot be read: {cause}") from cause

    def fields(self, wanted: type[Any], data: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of a dataclass that `data` holds, by name. Raises StoreError."""
        try:
            hints = _hints(wanted)
            return {
                field.name: self.plain(hints[field.name], data[field.name])
                for field in fields(wanted)
                if field.init and field.name in data
            }
        except BROKEN as cause:
            raise StoreError(f"a recorded {wanted.__name__} cannot be read: {cause}") from cause

    def plain(self, wanted: Any, data: Any) -> Any:
        """The object for any annotation; raises whatever goes wrong."""
        origin = get_origin(wanted)
        if origin in {Union, UnionType}:
            return self._optional(wanted, data)
        if origin is not None:
            return self._container(origin, get_args(wanted), data)
        if make := self._made_by.get(wanted):
            return make(data)
        if is_dataclass(wanted):
            return self._dataclass(wanted, data)
        return wanted(data) if isinstance(wanted, EnumType) else data

    def _optional(self, wanted: Any, data: Any) -> Any:
        if data is None:
            return None
        others = [one for one in get_args(wanted) if one is not NoneType]
        return self.plain(others[0], data) if len(others) == 1 else data

    def _container(self, origin: Any, arguments: tuple[Any, ...], data: Any) -> Any:
        if issubclass(origin, Mapping):
            key, item = arguments
            return {self.plain(key, name): self.plain(item, one) for name, one in data.items()}
        made = (self.plain(arguments[0], one) for one in data)
        return frozenset(made) if issubclass(origin, AbstractSet) else tuple(made)

    def _dataclass(self, wanted: Any, data: Mapping[str, Any]) -> Any:
        hints = _hints(wanted)
        given = {
            field.name: self.plain(hints[field.name], data[field.name])
            for field in fields(wanted)
            if field.init and field.name in data
        }
        return wanted(**given)


def _recorded_check(data: Mapping[str, Any]) -> CheckModel:
    kind = cast(type[CheckModel], type("RecordedCheck", (RecordedCheck,), {"kind": data["kind"]}))
    return kind.model_validate(data["parameters"])


_hints: Callable[[Any], Mapping[str, Any]] = cache(get_type_hints)


def encode_columns(items: Sequence[Any], kind: type[Any]) -> dict[str, Any]:
    """Many dataclasses of one kind, each field as the table of its different values and a list of places in it.

    Thousands of findings share most of what they say, so this is much smaller than one object each.
    """
    columns: dict[str, Any] = {}
    for field in fields(kind):
        values = list(map(attrgetter(field.name), items))
        table = {value: place for place, value in enumerate(dict.fromkeys(values))}
        columns[field.name] = {
            "values": [encode(value) for value in table],
            "at": list(map(table.__getitem__, values)),
        }
    return {"number": len(items), "columns": columns}


def decode_columns(decoder: Decoder, kind: type[T], data: Mapping[str, Any]) -> tuple[T, ...]:
    """The items of `encode_columns`, whose `kind` has slots. Raises StoreError."""
    try:
        number = data["number"]
        made = tuple(object.__new__(kind) for _ in range(number))
        for field in fields(cast(Any, kind)):
            column = _column(decoder, kind, field, data)
            # A frozen class guards each of its fields one by one; there are tens of thousands of them.
            put = getattr(kind, field.name).__set__
            deque(map(put, made, column), maxlen=0)
    except BROKEN as cause:
        raise StoreError(f"a recorded {kind.__name__} cannot be read: {cause}") from cause
    return made


def _column(decoder: Decoder, kind: type[Any], field: Field[Any], data: Mapping[str, Any]) -> Sequence[Any]:
    """The values of one field; its default where an older version had no such field."""
    number, column = data["number"], data["columns"].get(field.name)
    if column is None:
        if field.default is MISSING:
            raise ValueError(f"{field.name} is missing")
        return [field.default] * number
    values, wanted = column["values"], _hints(kind)[field.name]
    if wanted is not str:
        values = [decoder.plain(wanted, value) for value in values]
    found = [values[place] for place in column["at"]]
    if len(found) != number:
        raise ValueError(f"{number} were recorded and {len(found)} can be read")
    return found


def decode_column(part: bytes, name: str) -> Sequence[Any]:
    """One column of plain values of `encode_columns`, read without the others. Raises StoreError."""
    key = f'"{name}":'
    try:
        text = part.decode("ascii")
        begin = text.index(key + '{"values":') + len(key)  # no text holds it: quotes are escaped in texts
        column, _ = json.JSONDecoder().raw_decode(text, begin)
        return [column["values"][place] for place in column["at"]]
    except BROKEN as cause:
        raise StoreError(f"the recorded column '{name}' cannot be read: {cause}") from cause
