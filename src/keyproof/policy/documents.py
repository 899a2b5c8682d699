"""The files a person writes: policy packs, waivers and control catalogues, as strict models."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from keyproof.domain.policy import Strength
from keyproof.domain.verdict import Severity
from keyproof.fields import DateField, DurationField, KebabField, SpanField, StrictModel, StringsField

API_VERSION = "keyproof/v1"
UNCLASSIFIED = "unclassified"
"""Names, in a selector, the secrets that no class matches; also the id of the rule that refuses them."""

_ABSENT: tuple[str, ...] = ()


def _given(value: Any) -> Any:
    if value is None:
        raise ValueError("the key has no value; give it one or remove it")
    return value


_NOT_EMPTY = BeforeValidator(_given)
"""Refuses a key written without value, which would silently mean that it is absent."""


class YamlModel(StrictModel):
    """A part of a file, its keys written in kebab-case and in no other way."""

    model_config = ConfigDict(populate_by_name=False)


TextField = Annotated[str, Field(min_length=1)]
"""Text that may not be empty."""

VersionField = Annotated[str, Field(pattern=r"^\d+\.\d+(\.\d+)?$")]
"""A version such as 1.2.0; quoted where YAML would read a number."""


class SelectorDocument(YamlModel):
    """Which subjects are meant: every key given has to hold."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    name: StringsField = _ABSENT
    """Globs over the name; a glob with `://` or `#` in it is compared with the subject's id as well."""
    class_: StringsField = _ABSENT
    """Globs over the class the pack gives the subject; `unclassified` for none."""
    environment: StringsField = _ABSENT
    """Globs over environments; a subject without one has the empty environment."""
    source: StringsField = _ABSENT
    """Globs over source ids of keyproof.yaml."""
    backend: StringsField = _ABSENT
    """Globs over collector kinds."""
    kind: StringsField = _ABSENT
    """Globs over secret, key, certificate, credential, leak, document and repository."""
    tag: dict[str, StringsField] = Field(default_factory=dict)
    """Tag key → globs over its value."""
    owner: StringsField = _ABSENT
    """Globs over owners."""
    priority: StringsField = _ABSENT
    """critical, high, medium, low: the source's own or, where it states none, the class's."""
    type: StringsField = _ABSENT
    """Globs over the type the source itself states."""
    detector: StringsField = _ABSENT
    """Globs over the detector of a leak."""
    all_: Annotated[tuple["SelectorDocument", ...], Field(min_length=1)] = ()
    """Each of these selectors holds."""
    any_: Annotated[tuple["SelectorDocument", ...], Field(min_length=1)] = ()
    """One of these selectors holds."""
    not_: Annotated["SelectorDocument | None", _NOT_EMPTY] = None
    """This selector does not hold."""
    where: str = ""
    """JMESPath over the subject's metadata."""

    @model_validator(mode="before")
    @classmethod
    def _say_something(cls, data: Any) -> Any:
        if data == {}:
            raise ValueError("an empty selector selects nothing and everything; name what is meant")
        if isinstance(data, dict) and (
            empty := [key for key, value in data.items() if value in (None, "", {})]
        ):
            raise ValueError(f"the key '{empty[0]}' of the selector has no value; give it one or remove it")
        return data


class MetadataDocument(YamlModel):
    """What a pack says of itself as a document that has to be kept current."""

    id: KebabField
    title: TextField
    version: VersionField
    description: str = ""
    owner: str = ""
    reviewed: Annotated[DateField | None, _NOT_EMPTY] = None
    review_every: Annotated[DurationField | None, _NOT_EMPTY] = None
    approved_by: StringsField = _ABSENT
    scope: str = ""
    """Which secrets the rules of this file are about where they are not about all: what they show of a control
    holds for these only, and every mapping without preconditions of its own says so."""


Scalar = Annotated[Any, WithJsonSchema({"type": ["string", "integer", "boolean"]})]


def _short_form(value: Any) -> Any:
    return value if isinstance(value, dict) else {"default": value}


class ParameterDocument(YamlModel):
    """A value that overlays may set within bounds; `id: value` is short for `id: {default: value}`."""

    type: Annotated[Literal["duration", "integer", "string", "boolean"] | None, _NOT_EMPTY] = None
    """Required where the parameter is first declared."""
    default: Scalar = None
    max: Scalar = None
    min: Scalar = None
    why: str = ""


class ClassDocument(YamlModel):
    """A class of secrets; of all classes the first that matches wins."""

    id: KebabField
    title: str = ""
    match: SelectorDocument
    priority: Annotated[Literal["critical", "high", "medium", "low"] | None, _NOT_EMPTY] = None


class MappingDocument(YamlModel):
    """A control that a rule gives evidence for, and how much."""

    id: TextField
    """`framework:control`, e.g. `soc2:CC6.1`."""
    strength: Strength
    preconditions: str = ""
    """What has to hold for the strength to be true."""


class RuleDocument(YamlModel):
    """One requirement."""

    id: KebabField
    title: TextField
    check: str
    select: Annotated[SelectorDocument | None, _NOT_EMPTY] = None
    """Absent: every subject the check can judge."""
    with_: dict[str, Any] = Field(default_factory=dict)
    """The check's own parameters."""
    severity: Annotated[Severity | None, _NOT_EMPTY] = None
    """Absent: derived from the check, the class's priority, the environment and lateness."""
    controls: tuple[MappingDocument, ...] = ()
    remediation: str = ""


ParameterField = Annotated[
    ParameterDocument,
    BeforeValidator(_short_form),
]
Reason = Annotated[str, Field(min_length=1)]


class PackDocument(YamlModel):
    """A policy pack file."""

    api_version: Literal["keyproof/v1"] = Field(alias="apiVersion")
    kind: Literal["PolicyPack"]
    metadata: MetadataDocument
    extends: StringsField = _ABSENT
    """Shipped pack ids or paths relative to this file; a later one overlays an earlier one."""
    disable: dict[str, Reason] = Field(default_factory=dict)
    """Id of an inherited rule → why it does not apply here."""
    parameters: dict[KebabField, ParameterField] = Field(default_factory=dict)
    classes: tuple[ClassDocument, ...] = ()
    roles: dict[KebabField, StringsField] = Field(default_factory=dict)
    """Role → globs over backend principals."""
    rules: tuple[RuleDocument, ...] = ()


class WaiverDocument(YamlModel):
    """One accepted failure."""

    id: KebabField
    rule: str = ""
    control: str = ""
    select: Annotated[SelectorDocument | None, _NOT_EMPTY] = None
    fingerprint: StringsField = _ABSENT
    """Fingerprints of leaks."""
    reason: TextField
    ticket: str = ""
    requested_by: TextField
    approved_by: StringsField
    from_: DateField
    until: DateField
    """Last day in force, UTC."""
    compensating_control: str = ""

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if bool(self.rule) == bool(self.control):
            raise ValueError("a waiver names a rule or a control; write exactly one of 'rule' and 'control'")
        if (self.select is None) == (not self.fingerprint):
            raise ValueError(
                "a waiver says what it is about; write exactly one of 'select' and 'fingerprint'"
            )
        return self


class WaiversDocument(YamlModel):
    """A waiver file."""

    api_version: Literal["keyproof/v1"] = Field(alias="apiVersion")
    kind: Literal["Waivers"]
    quorum: dict[Severity, Annotated[int, Field(ge=1, strict=True)]] = Field(default_factory=dict)
    """Severity → how many have to approve a waiver of such a failure; 2 for critical and 1 below unless stated."""
    longest: dict[Severity, SpanField] = Field(default_factory=dict)
    """Severity → how long such a failure may be waived; 30d, 90d, 180d, 180d from critical to low unless stated."""
    waivers: tuple[WaiverDocument, ...]


def _strength_alone(value: Any) -> Any:
    return value if isinstance(value, dict) else {"strength": value}


class EvidenceDocument(YamlModel):
    """How much of a control a rule with one check can show at most; `check: strength` is the short form."""

    strength: Strength
    when: str = ""
    """What has to hold for it. Where the strength is full, a pack states it as its precondition."""

    @model_validator(mode="after")
    def _full_has_a_condition(self) -> Self:
        if self.strength is Strength.FULL and not self.when:
            raise ValueError("nothing is fully shown without a condition; add 'when', or write 'partial'")
        return self


class ControlDocument(YamlModel):
    """One requirement of a standard, in our own words."""

    id: str
    title: TextField
    demands: TextField
    scan_cannot_show: TextField
    strongest: Annotated[Strength | Literal["none"] | None, _NOT_EMPTY] = None
    """The most a rule may claim; absent: the catalogue's own."""
    why: str = ""
    """Why no rule may claim more."""
    evidence: dict[str, Annotated[EvidenceDocument, BeforeValidator(_strength_alone)]] = Field(
        default_factory=dict
    )
    """Check kind → what a rule with it can show; any other check may support the control and no more."""


class CatalogueMetadata(YamlModel):
    """Which standard, in which edition, and what a scan may claim of it."""

    id: KebabField
    title: TextField
    edition: TextField
    strongest: Strength = Strength.PARTIAL
    why: str = ""
    when: str = ""
    """What has to hold for any evidence to concern the standard at all; empty where it concerns every secret."""


class CatalogueDocument(YamlModel):
    """A control catalogue file."""

    api_version: Literal["keyproof/v1"] = Field(alias="apiVersion")
    kind: Literal["ControlCatalogue"]
    metadata: CatalogueMetadata
    controls: Annotated[tuple[ControlDocument, ...], Field(min_length=1)]
