"""A secret is kept in a permitted place, encrypted, and out of git."""

import re
from collections.abc import Hashable, Iterator
from fnmatch import fnmatchcase
from typing import ClassVar, Self

from pydantic import Field, model_validator

from keyproof.check_model import CheckModel
from keyproof.domain.aspects import join
from keyproof.domain.at_rest import at_rest, holds_no_value
from keyproof.domain.check import Context
from keyproof.domain.declared import is_row, judged_elsewhere, live_secrets
from keyproof.domain.deletion import not_kept
from keyproof.domain.grounds import grounds
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Severity, Verdict
from keyproof.fields import StringsField

_ANY: tuple[str, ...] = ()
_ALTERNATIVES = re.compile(r"\s*(?:,|/|;|\bor\b|\band\b)\s*")
_SYNONYMS = {
    "hashicorp-vault": "vault",
    "openbao": "vault",
    "google-secret-manager": "gcp-secret-manager",
    "kubernetes-secret": "kubernetes",
    "kubernetes-secrets": "kubernetes",
    "env": "dotenv",
    "env-file": "dotenv",
}


class Storage(CheckModel):
    """The secret is kept in a permitted place and as the rule demands.

    A row of an inventory is judged by the live secrets it declares, otherwise by the storage it states.
    """

    kind: ClassVar[str] = "storage"
    base_severity: ClassVar[Severity] = Severity.HIGH

    allowed: StringsField = Field(default=_ANY)
    """Globs over the kinds of backend that may hold it; none given, any may."""
    forbidden: StringsField = Field(default=_ANY)
    """Globs over the kinds of backend that may not hold it."""
    gitignored: bool = False
    """Whether git has to ignore the .env file that holds it, without tracking it."""
    example_file: bool = False
    """Whether an example file has to stand beside the .env file that holds it."""
    encrypted: bool = False
    """Whether it has to be encrypted at rest."""
    customer_key: bool = False
    """Whether it has to be encrypted with a key of one's own."""

    @model_validator(mode="after")
    def _demand_something(self) -> Self:
        if not self.model_fields_set or not any(getattr(self, name) for name in type(self).model_fields):
            names = ", ".join(field.alias or name for name, field in type(self).model_fields.items())
            raise ValueError(f"the rule demands nothing: set one of {names}")
        return self

    def evaluate(self, subject: Subject, context: Context) -> Verdict:
        """Judge every demand of the rule; the worst decides."""
        if not isinstance(subject, SecretMetadata):
            return Verdict.not_applicable("only a secret is stored")
        if not is_row(subject, context):
            return not_kept(subject, context.now) or self._live(subject)
        if live := live_secrets(subject, context):
            return join([self._live(secret) for secret in live])
        return self._stated(subject)

    def grounds(self, subject: Subject, context: Context) -> Hashable | None:
        """Where it is kept, and how."""
        return grounds(subject, context, "encryption")

    def _live(self, secret: SecretMetadata) -> Verdict:
        return holds_no_value(secret) or join(list(self._demands(secret)))

    def _demands(self, secret: SecretMetadata) -> Iterator[Verdict]:
        if self.allowed or self.forbidden:
            yield self._place(secret.backend, f"it is kept in {secret.backend}")
        if self.gitignored:
            yield _gitignored(secret)
        if self.example_file:
            yield _file(
                secret, "example-file", "an example file stands beside it", "no example file stands beside it"
            )
        if self.encrypted or self.customer_key:
            yield at_rest(secret, customer_key=self.customer_key)

    def _place(self, place: str, statement: str) -> Verdict:
        if any(fnmatchcase(place, glob) for glob in self.forbidden):
            return Verdict.failed(f"{statement}, which is forbidden", storage=place)
        if self.allowed and not any(fnmatchcase(place, glob) for glob in self.allowed):
            return Verdict.failed(
                f"{statement}, which is not among the allowed {', '.join(self.allowed)}", storage=place
            )
        return Verdict.passed(f"{statement}, which is permitted", storage=place)

    def _stated(self, row: SecretMetadata) -> Verdict:
        """A row whose live secrets are not known, by the storage it states."""
        stated = str(row.attributes.get("storage") or "")
        if not stated:
            return judged_elsewhere(row, "places of storage")
        words = [_place_word(place) for place in _ALTERNATIVES.split(stated)]
        aspects = [
            self._place(word, f"the row states the storage {stated!r}")
            for word in words
            if word and (self.allowed or self.forbidden)
        ]
        if self.gitignored or self.example_file or self.encrypted or self.customer_key:
            aspects.append(
                Verdict.not_evaluated("a row of an inventory does not show how the secret is kept")
            )
        return join(aspects) if aspects else judged_elsewhere(row, "places of storage")


def _gitignored(secret: SecretMetadata) -> Verdict:
    """Ignored and not tracked: a tracked file stays in git whatever .gitignore says."""
    if secret.attributes.get("tracked") is True:
        return Verdict.failed("git tracks the file that holds it", tracked="yes")
    ignored = _file(
        secret,
        "gitignored",
        "git ignores the file that holds it",
        "git does not ignore the file that holds it",
    )
    if "tracked" in secret.unread and "tracked" not in secret.attributes:
        unknown = Verdict.not_evaluated(
            f"whether git tracks the file is not known: {secret.unread['tracked']}"
        )
        return join([ignored, unknown])
    return ignored


def _file(secret: SecretMetadata, name: str, good: str, bad: str) -> Verdict:
    """What the attribute `name` says of the .env file that holds the secret."""
    value = secret.attributes.get(name)
    if value is not None:
        shown = {name.replace("-", "_"): "yes" if value else "no"}
        return Verdict.passed(good, **shown) if value else Verdict.failed(bad, **shown)
    if name in secret.unread or secret.backend == "dotenv":
        why = secret.unread.get(name, "it was not read")
        return Verdict.not_evaluated(f"whether {good} is not known: {why}")
    return Verdict.not_applicable(f"{secret.backend} keeps it in no .env file")


def _place_word(text: str) -> str:
    word = "-".join(re.findall(r"[a-z0-9]+", text.lower()))
    return _SYNONYMS.get(word, word)
