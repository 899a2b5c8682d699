"""What people attest in one case of a test file, with everything but the dates made up where it is left out."""

from collections.abc import Sequence
from typing import Self

from pydantic import Field, model_validator

from keyproof.domain.attestation import Attestation
from keyproof.domain.policy import Rule
from keyproof.domain.secret import SourceLine
from keyproof.fields import DateField, SpanField
from keyproof.policy.attestations import AttestationDocument, AttestationLoader
from keyproof.policy.documents import TextField, YamlModel
from keyproof.strict_yaml import Key, YamlDocument


class GivenDocument(YamlModel):
    """An attestation, as people would give it in a file of kind Attestations."""

    at: DateField
    """The day it was given, UTC."""
    every: SpanField
    """How often it has to be given again."""
    by: TextField = "somebody"
    """Who attests it."""
    evidence: str = ""
    """Address or ticket of what it rests on."""
    rule: str = ""
    """Absent: the rule of the case. Another one shows that it does not count for this rule."""
    control: str = ""
    """`framework:control`, in place of a rule."""
    statement: TextField = "It was done."
    id: str = Field(default="", pattern="^([a-z0-9]+([.-][a-z0-9]+)*)?$")
    """Absent: made of the number in the list."""

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if self.rule and self.control:
            raise ValueError(
                "an attestation is about a rule or a control; write 'rule' or 'control', not both"
            )
        return self


def counted(
    given: Sequence[GivenDocument], rule: Rule, document: YamlDocument, key: Key, loader: AttestationLoader
) -> tuple[Attestation, ...]:
    """Those of the attestations at `key` that are about `rule`; what is wrong with any is a problem of `loader`."""
    seen: dict[str, SourceLine] = {}
    taken = [
        loader.take(_whole(one, rule, number), document, (*key, number - 1), seen)
        for number, one in enumerate(given, start=1)
    ]
    controls = tuple(edge.id for edge in rule.controls)
    about = (
        one
        for one in taken
        if one.is_about(rule=rule.id, pack=rule.pack, also_in=rule.also_in, controls=controls)
    )
    return tuple(sorted(about, key=lambda one: one.id))


def _whole(one: GivenDocument, rule: Rule, number: int) -> AttestationDocument:
    return AttestationDocument(
        id=one.id or f"attestation-{number}",
        rule=one.rule or ("" if one.control else rule.id),
        control=one.control,
        statement=one.statement,
        by=one.by,
        at=one.at,
        every=one.every,
        evidence=one.evidence,
    )
