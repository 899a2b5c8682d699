"""A secret is named as the organisation's convention says."""

import re
from collections.abc import Iterator
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Field, model_validator

from keyproof.check_model import CheckModel
from keyproof.domain.aspects import join
from keyproof.domain.check import Context
from keyproof.domain.declared import is_row, judged_elsewhere
from keyproof.domain.deletion import not_kept
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.stated import stated, why_unstated
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Severity, Verdict
from keyproof.fields import StringsField

_ANY: tuple[str, ...] = ()


class Part(StrEnum):
    """What of a name a convention is about."""

    WHOLE = "whole"
    LAST = "last"
    """What stands after the last `/`."""


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as fault:
        raise ValueError(f"is no regular expression: {fault}") from None
    return pattern


class Naming(CheckModel):
    """The name of the secret follows the convention, and so does the prefix by which its value is known.

    Names are compared with regard to letter case. The prefix of a value, such as `api_live_`, is judged by what a
    source or a tag `prefix` states; the value is never looked at.
    """

    kind: ClassVar[str] = "naming"
    base_severity: ClassVar[Severity] = Severity.LOW

    glob: StringsField = Field(default=_ANY)
    """Globs of which the name has to match one."""
    pattern: Annotated[str, AfterValidator(_compiles)] = ""
    """A regular expression that the whole name has to match."""
    forbidden: StringsField = Field(default=_ANY)
    """Globs of which the name may match none."""
    part: Part = Part.WHOLE
    """What of the name is compared: whole, or last for what stands after the last `/`."""
    value_prefix: StringsField = Field(default=_ANY)
    """Globs over the prefix by which values of its kind are known, such as `api_live_`."""

    @model_validator(mode="after")
    def _demand_something(self) -> Self:
        if not (self.glob or self.pattern or self.forbidden or self.value_prefix):
            raise ValueError("the rule demands nothing: set one of glob, pattern, forbidden, value-prefix")
        return self

    def evaluate(self, subject: Subject, context: Context) -> Verdict:
        """Compare the name, and the stated prefix of the value, with the convention."""
        if not isinstance(subject, SecretMetadata):
            return Verdict.not_applicable("only a secret is named by convention")
        if is_row(subject, context):
            return judged_elsewhere(subject, "name in a backend")
        return not_kept(subject, context.now) or join(list(self._aspects(subject)))

    def _aspects(self, secret: SecretMetadata) -> Iterator[Verdict]:
        name = secret.name.rsplit("/", 1)[-1] if self.part is Part.LAST else secret.name
        if not name and (self.glob or self.pattern or self.forbidden):
            yield Verdict.not_evaluated("it has no name")
            return
        if self.glob:
            fits = any(fnmatchcase(name, glob) for glob in self.glob)
            yield _said(name, fits, f"like {' or '.join(self.glob)}")
        if self.pattern:
            yield _said(name, bool(re.fullmatch(self.pattern, name)), f"of the form {self.pattern}")
        if self.forbidden:
            yield self._allowed(name)
        if self.value_prefix:
            yield self._prefix(secret)

    def _allowed(self, name: str) -> Verdict:
        met = [glob for glob in self.forbidden if fnmatchcase(name, glob)]
        if met:
            return Verdict.failed(f"the name {name!r} is like {met[0]}, which is forbidden", name=name)
        return Verdict.passed(f"the name {name!r} is like none of {', '.join(self.forbidden)}", name=name)

    def _prefix(self, secret: SecretMetadata) -> Verdict:
        found, wanted = stated(secret, "prefix"), " or ".join(self.value_prefix)
        if not found:
            return Verdict.not_evaluated(
                f"the prefix of its value is not known: {why_unstated(secret, 'prefix')}"
            )
        if any(fnmatchcase(found, glob) for glob in self.value_prefix):
            return Verdict.passed(f"its value is known by the prefix {found}", prefix=found)
        return Verdict.failed(
            f"its value is known by the prefix {found!r}, {wanted} is the convention", prefix=found
        )


def _said(name: str, fits: bool, wanted: str) -> Verdict:
    if fits:
        return Verdict.passed(f"the name {name!r} is {wanted}", name=name)
    return Verdict.failed(f"the name {name!r} is not {wanted}", name=name)
