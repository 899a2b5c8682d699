"""A secret is encrypted where it is stored, where the rule demands it with a key of one's own."""

from collections.abc import Hashable, Iterator
from fnmatch import fnmatchcase
from typing import ClassVar

from pydantic import Field

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


class Encrypted(CheckModel):
    """The secret is encrypted at rest, and with the key that the rule demands.

    A row of an inventory is judged by the live secrets it declares. An entry that holds no value, or only a
    reference, is not concerned.
    """

    kind: ClassVar[str] = "encrypted"
    base_severity: ClassVar[Severity] = Severity.HIGH

    customer_key: bool = False
    """Whether it has to be encrypted with a key of one's own, not with the provider's."""
    keys: StringsField = Field(default=_ANY)
    """Globs over the names of the keys that may encrypt it, as the backend names them; none given, any may."""

    def evaluate(self, subject: Subject, context: Context) -> Verdict:
        """Look at the encryption the backend states."""
        if not isinstance(subject, SecretMetadata):
            return Verdict.not_applicable("only a secret is encrypted")
        if not is_row(subject, context):
            return self._live(subject, context)
        if live := live_secrets(subject, context):
            return join([self._live(secret, context) for secret in live])
        return judged_elsewhere(subject, "encryption")

    def grounds(self, subject: Subject, context: Context) -> Hashable | None:
        """How it is encrypted."""
        return grounds(subject, context, "encryption")

    def _live(self, secret: SecretMetadata, context: Context) -> Verdict:
        gone = not_kept(secret, context.now) or holds_no_value(secret)
        return gone or join(list(self._demands(secret)))

    def _demands(self, secret: SecretMetadata) -> Iterator[Verdict]:
        found = at_rest(secret, customer_key=self.customer_key)
        yield found
        encryption = secret.encryption
        if not self.keys or encryption is None or not encryption.encrypted:
            return
        if not encryption.key:
            yield Verdict.not_evaluated("which key encrypts it is not known")
        elif not any(fnmatchcase(encryption.key, glob) for glob in self.keys):
            yield Verdict.failed(
                f"the key {encryption.key} is not among {', '.join(self.keys)}", encryption_key=encryption.key
            )
        else:
            yield Verdict.passed(f"the key {encryption.key} may encrypt it", encryption_key=encryption.key)
