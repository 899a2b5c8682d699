"""Pydantic field types for the domain's values, shared by every document a person writes."""

import re
from datetime import date
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

from keyproof.domain.duration import Duration, parse_duration


def yaml_key(name: str) -> str:
    """A field's name as it is written in YAML: `max_wait` → `max-wait`, `from_` → `from`."""
    return name.rstrip("_").replace("_", "-")


class StrictModel(BaseModel):
    """A document model: unknown keys are errors, keys are written with hyphens, frozen."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        alias_generator=yaml_key,
        use_attribute_docstrings=True,
    )


def _duration(value: Any) -> Any:
    if isinstance(value, Duration):
        return value
    if isinstance(value, str):
        return parse_duration(value)
    if isinstance(value, dict) and set(value) == {"on"} and isinstance(value["on"], list):
        return parse_duration("on " + ", ".join(str(event) for event in value["on"]))
    raise ValueError(f"a duration is written with its unit, for example 90d; found {value!r}")


DurationField = Annotated[
    Duration,
    BeforeValidator(_duration),
    PlainSerializer(lambda duration: duration.text, return_type=str),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "examples": ["90d", "24h", "3mo", "P90D", "quarterly", "on compromise"]},
                {
                    "type": "object",
                    "properties": {
                        "on": {
                            "type": "array",
                            "items": {"enum": ["compromise", "personnel-change", "incident"]},
                        }
                    },
                    "required": ["on"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
"""A period: `90d`, `quarterly`, ISO 8601, `on compromise`, or `{on: [compromise, incident]}`."""


def _ends_by_itself(duration: Duration) -> Duration:
    if not duration.scheduled:
        raise ValueError(f"{duration.text!r} has no length; write for example 24h, 90d or 3mo")
    return duration


SpanField = Annotated[
    DurationField,
    AfterValidator(_ends_by_itself),
    WithJsonSchema({"type": "string", "examples": ["90d", "24h", "3mo", "P90D", "quarterly"]}),
]
"""A duration with a length: never one that only events end."""


def _iso_date(value: Any) -> Any:
    if isinstance(value, date):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"{value} is not a day of the calendar") from None
    raise ValueError(f"a date is written YYYY-MM-DD; found {value!r}")


DateField = Annotated[date, BeforeValidator(_iso_date), WithJsonSchema({"type": "string", "format": "date"})]
"""A calendar date, strictly ISO 8601, quoted or not."""


def _strings(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


StringsField = Annotated[
    tuple[str, ...],
    BeforeValidator(_strings),
    WithJsonSchema(
        {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
    ),
    Field(min_length=1),
]
"""One text or a list of them."""

KebabField = Annotated[str, Field(pattern=r"^[a-z0-9]+([.-][a-z0-9]+)*$")]
"""An id: lower case words joined by hyphens; dots in version numbers."""
