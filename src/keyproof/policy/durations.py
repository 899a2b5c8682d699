"""The periods inside a model, each with its path, so that notes and lints can name its line."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from keyproof.domain.duration import Duration
from keyproof.strict_yaml import Key


def durations_in(value: Any, key: Key = ()) -> Iterator[tuple[Key, Duration]]:
    """Every `Duration` in a model, mapping or sequence, keys of mappings included."""
    match value:
        case Duration():
            yield key, value
        case BaseModel():
            for name, field in type(value).model_fields.items():
                yield from durations_in(getattr(value, name), (*key, field.alias or name))
        case Mapping():
            for name, item in value.items():
                text = name.text if isinstance(name, Duration) else str(name)
                if isinstance(name, Duration):
                    yield (*key, text), name
                yield from durations_in(item, (*key, text))
        case tuple() | list():
            for index, item in enumerate(value):
                yield from durations_in(item, (*key, index))
        case _:
            return
