"""A value is as strong as the rule demands, by what its source states about it."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import ClassVar, Self

from pydantic import Field, PositiveInt, model_validator

from keyproof.check_model import CheckModel
from keyproof.domain.aspects import join
from keyproof.domain.at_rest import holds_no_value
from keyproof.domain.check import Context
from keyproof.domain.declared import is_row, judged_elsewhere
from keyproof.domain.deletion import not_kept
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.stated import stated, stated_number, why_unstated
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Severity, Verdict
from keyproof.domain.wording import count
from keyproof.fields import StringsField

_ANY: tuple[str, ...] = ()
_DEVELOPMENT = ("development",)
_FACTS = ("bits", "length", "character-classes", "generator", "minimum-length", "passwords-remembered")
_ASKED = {
    "bits": "how many bits of randomness it has",
    "length": "how many characters it has",
    "character-classes": "how many classes of characters it has",
    "minimum-length": "how many characters the password policy demands",
    "passwords-remembered": "how many earlier passwords the password policy refuses",
}
_BY_POLICY = {
    "minimum-length": "the password policy demands {}",
    "passwords-remembered": "the password policy refuses {}",
}


class Strength(CheckModel):
    """The value is long, mixed and random enough.

    The value itself is never looked at. The rule rests on what a source or a tag states about it: `bits` of
    randomness, `length` in characters, `character-classes` (1 to 4: lower case, upper case, digits, symbols) and
    `generator` (what drew it, such as openssl). What is not stated is not known. A password that people choose is as
    strong as the policy they choose it under: `minimum-length` and `passwords-remembered`.
    """

    kind: ClassVar[str] = "strength"
    base_severity: ClassVar[Severity] = Severity.MEDIUM

    bits: PositiveInt | None = None
    """The fewest bits of randomness."""
    length: PositiveInt | None = None
    """The fewest characters."""
    character_classes: int | None = Field(default=None, ge=1, le=4)
    """The fewest classes of characters."""
    generators: StringsField = Field(default=_ANY)
    """Globs over what may have drawn it, without regard to letter case; `*` accepts any that is stated."""
    policy_length: PositiveInt | None = None
    """The fewest characters that the password policy has to demand."""
    policy_memory: PositiveInt | None = None
    """The fewest earlier passwords that the password policy has to refuse."""
    weak_in: StringsField = Field(default=_DEVELOPMENT)
    """Environments in which a weak value is in order, without regard to letter case."""

    @model_validator(mode="after")
    def _demand_something(self) -> Self:
        if not any(getattr(self, name) for name in type(self).model_fields if name != "weak_in"):
            raise ValueError(
                "the rule demands nothing: set one of bits, length, character-classes, generators, policy-length, "
                "policy-memory"
            )
        return self

    def evaluate(self, subject: Subject, context: Context) -> Verdict:
        """Compare every stated fact with the demand; the worst decides."""
        if not isinstance(subject, SecretMetadata):
            return Verdict.not_applicable("only a secret has a value that can be strong")
        if is_row(subject, context) and not any(stated(subject, name) for name in _FACTS):
            return judged_elsewhere(subject, "strength")
        if gone := not_kept(subject, context.now) or holds_no_value(subject):
            return gone
        if subject.environment.casefold() in {name.casefold() for name in self.weak_in}:
            return Verdict.not_applicable(f"a weak value is in order in {subject.environment}")
        return join(list(self._aspects(subject)))

    def _aspects(self, secret: SecretMetadata) -> Iterator[Verdict]:
        if self.bits:
            yield _enough(secret, "bits", self.bits, "bit")
        if self.length:
            yield _enough(secret, "length", self.length, "character")
        if self.character_classes:
            yield _enough(secret, "character-classes", self.character_classes, "character class")
        if self.policy_length:
            yield _enough(secret, "minimum-length", self.policy_length, "character")
        if self.policy_memory:
            yield _enough(secret, "passwords-remembered", self.policy_memory, "earlier password")
        if self.generators:
            yield self._generator(secret)

    def _generator(self, secret: SecretMetadata) -> Verdict:
        found = stated(secret, "generator")
        if not found:
            return Verdict.not_evaluated(f"what drew it is not known: {why_unstated(secret, 'generator')}")
        if any(fnmatchcase(found.casefold(), glob.casefold()) for glob in self.generators):
            return Verdict.passed(f"drawn by {found}", generator=found)
        return Verdict.failed(
            f"drawn by {found}, which is not among {', '.join(self.generators)}", generator=found
        )


def _enough(secret: SecretMetadata, name: str, wanted: int, unit: str) -> Verdict:
    text, found = stated(secret, name), stated_number(secret, name)
    if found is None:
        why = f"{text!r} is no whole number" if text else why_unstated(secret, name)
        return Verdict.not_evaluated(f"{_ASKED[name]} is not known: {why}; {wanted} wanted")
    shown = _BY_POLICY.get(name, "it has {}").format(count(found, unit))
    evidence = {name.replace("-", "_"): str(found)}
    if found < wanted:
        return Verdict.failed(f"{shown}, {wanted} wanted", **evidence)
    return Verdict.passed(f"{shown}, at least {wanted} wanted", **evidence)
