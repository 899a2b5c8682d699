"""Test files of policies as a person writes them: what one case may say, and what the file says for all of them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, TypeAdapter, WithJsonSchema, model_validator

from keyproof.domain.verdict import Severity
from keyproof.fields import StringsField
from keyproof.policy.documents import TextField, YamlModel
from keyproof.policy.given import GivenDocument
from keyproof.policy.particulars import MomentField
from keyproof.policy.subjects import DocumentDocument, LeakDocument, RepositoryDocument, SecretDocument

_ABSENT: tuple[str, ...] = ()
_SUBJECTS = ("secret", "leak", "repository", "document")


def _day_or_moment(value: Any) -> Any:
    moment = TypeAdapter(MomentField).validate_python(value)
    return moment if isinstance(value, str) and "T" in value else moment.date()


DueField = Annotated[
    date | datetime,
    BeforeValidator(_day_or_moment),
    WithJsonSchema({"type": "string", "examples": ["2026-11-21", "2026-11-21T12:00:00Z"]}),
]
"""The due day, or the moment where a period of hours ends."""


def _names(value: Any) -> Any:
    """A number or a list of numbers as well as texts."""
    items = value if isinstance(value, list) else [value]
    return [str(item) if type(item) is int else item for item in items]


_NUMBERED = {"anyOf": [{"type": "string"}, {"type": "integer"}]}
NamesField = Annotated[
    tuple[TextField, ...],
    BeforeValidator(_names),
    WithJsonSchema({"anyOf": [*_NUMBERED["anyOf"], {"type": "array", "items": _NUMBERED}]}),
]
"""Numbers or names of requirements: one or a list."""


def _some(value: Any) -> Any:
    """Not `min_length`: pydantic counts only the items that are valid, which is a second, wrong message."""
    if value == []:
        raise ValueError("'cases' must not be empty")
    return value


class BesideDocument(YamlModel):
    """Another subject of the same run."""

    secret: SecretDocument | None = None
    leak: LeakDocument | None = None
    repository: RepositoryDocument | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        _exactly_one(self, _SUBJECTS[:3])
        return self


class CaseDocument(YamlModel):
    """One case: a rule, a subject, a moment, and what the rule must say."""

    name: str = ""
    """What the case shows, in a few words."""
    rule: TextField
    """Id of a rule of the pack."""
    secret: SecretDocument | None = None
    """What is judged: one of secret, leak, repository and document."""
    leak: LeakDocument | None = None
    repository: RepositoryDocument | None = None
    document: DocumentDocument | None = None
    """The pack itself; `{}` takes it as it is."""
    beside: tuple[BesideDocument, ...] = ()
    """Other subjects of the same run."""
    unreadable: StringsField = _ABSENT
    """Ids of sources that could not be read in this run."""
    as_of: MomentField | None = None
    """The moment judged by; absent: the file's."""
    around_due: bool = False
    """Makes three cases of this one: the day before `due` and that day pass, the day after fails. Where people
    attest the rule, it is manual through that day and not evaluated after it."""
    expect: Literal["pass", "fail", "not-evaluated", "manual", "not-applicable", "not-selected"] | None = None
    """The outcome; `not-selected` where the rule must not be about the subject at all."""
    reason: str = ""
    """A part of the reason, letter case aside."""
    due: DueField | None = None
    """The due day of the finding; with `around-due` a moment where a period of hours ends."""
    severity: Severity | None = None
    """The severity of the finding."""
    alert: str | None = None
    """The rung of the alert ladder; empty for none."""
    waived: bool | None = None
    """Whether a waiver accepts the failure."""
    waivers: Literal["on", "off"] = "on"
    """Whether the file's waivers are applied."""
    class_: str | None = None
    """The class the pack gives the subject; empty for none."""
    attestations: tuple[GivenDocument, ...] | None = None
    """What people attest for the rule; absent: what the file's attestations say; an empty list: nobody does."""
    covers: NamesField = _ABSENT
    """Numbers or names of the requirements, in the organisation's own document, that the case is evidence for."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        _exactly_one(self, _SUBJECTS)
        if self.around_due:
            if self.due is None:
                raise ValueError("'around-due' needs the day: write 'due:' with the day you expect")
            if self.expect is not None or self.as_of is not None or self.reason or self.alert is not None:
                raise ValueError(
                    "'around-due' states the moments and outcomes itself; remove as-of, expect, reason and alert"
                )
        elif self.expect is None:
            raise ValueError("the case expects nothing; write 'expect:' or 'around-due: true'")
        return self


class PolicyTestDocument(YamlModel):
    """A test file of one policy pack."""

    api_version: Literal["keyproof/v1"] = Field(alias="apiVersion")
    kind: Literal["PolicyTest"]
    pack: str = ""
    """Shipped id, or a path from this file; absent: the pack beside it, for `house.test.yaml` `house.yaml`."""
    as_of: MomentField | None = None
    """The moment judged by where a case names none."""
    waivers: StringsField = _ABSENT
    """Waiver files, by paths from this file."""
    attestations: StringsField = _ABSENT
    """Attestation files, by paths from this file."""
    environments: dict[str, StringsField] = Field(default_factory=dict)
    """Environment → globs over names and ids, as in keyproof.yaml, for secrets that state none."""
    cases: Annotated[tuple[CaseDocument, ...], BeforeValidator(_some)]


def _exactly_one(model: YamlModel, names: Sequence[str]) -> None:
    if sum(getattr(model, name) is not None for name in names) != 1:
        raise ValueError(f"a case is about one subject; write exactly one of {', '.join(names)}")
