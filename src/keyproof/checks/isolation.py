"""No value serves two environments."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import ClassVar

from pydantic import Field

from keyproof.check_model import CheckModel
from keyproof.domain.aspects import join
from keyproof.domain.at_rest import holds_no_value
from keyproof.domain.check import Context
from keyproof.domain.declared import is_row, judged_elsewhere
from keyproof.domain.deletion import not_kept
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.sharing import DIGEST, environment_of, sharing
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Severity, Verdict
from keyproof.domain.wording import count, listed
from keyproof.fields import StringsField

_ALL: tuple[str, ...] = ()


class Isolation(CheckModel):
    """The secret, and its value, is used in one environment only.

    It fails when one secret is read, or declared in an inventory, for two environments, and when a secret of
    another environment has the same value. Values are compared by keyed digests, which are read on the user's
    demand only; without them, or while some are missing, nothing passes.
    """

    kind: ClassVar[str] = "isolation"
    base_severity: ClassVar[Severity] = Severity.HIGH

    environments: StringsField = Field(default=_ALL)
    """Globs over the environments to be kept apart, without regard to letter case; none given, all are."""

    def evaluate(self, subject: Subject, context: Context) -> Verdict:
        """Look for the same secret, and for the same value, in another environment."""
        if not isinstance(subject, SecretMetadata):
            return Verdict.not_applicable("only a secret belongs to one environment")
        if is_row(subject, context):
            return judged_elsewhere(subject, "use across environments")
        gone = not_kept(subject, context.now) or holds_no_value(subject)
        return gone or self._live(subject, context)

    def _live(self, secret: SecretMetadata, context: Context) -> Verdict:
        places = self._places(secret, context)
        environments = sorted(places)
        if len(environments) > 1:
            shown = "; ".join(f"{name} by {listed(sorted(places[name]))}" for name in environments)
            return Verdict.failed(
                f"one secret serves {' and '.join(environments)}: {shown}",
                environments=", ".join(environments),
            )
        if not environments:
            if secret.environment:
                return Verdict.not_applicable(
                    f"the rule does not ask that {secret.environment} be kept apart"
                )
            why = secret.unread.get("environment") or "neither its source nor keyproof.yaml states one"
            return Verdict.not_evaluated(f"its environment is not known: {why}")
        return self._by_value(secret, environments[0], context)

    def _places(self, secret: SecretMetadata, context: Context) -> dict[str, set[str]]:
        """Environment → what says that the secret serves it."""
        found = sharing(context.inventory)
        places: dict[str, set[str]] = {}
        for one in (secret, *found.by_id.get(secret.id, ())):
            if self._matters(environment_of(one)):
                places.setdefault(environment_of(one), set()).add(one.source)
        for row in found.sole_rows.get(secret.id, ()):
            if self._matters(environment_of(row)):
                where = f"{row.place.path}:{row.place.line}" if row.place else row.id
                places.setdefault(environment_of(row), set()).add(where)
        return places

    def _matters(self, environment: str) -> bool:
        if not environment:
            return False
        return not self.environments or any(
            fnmatchcase(environment, glob.casefold()) for glob in self.environments
        )

    def _by_value(self, secret: SecretMetadata, environment: str, context: Context) -> Verdict:
        digest = secret.attributes.get(DIGEST)
        if not digest:
            why = secret.unread.get(DIGEST) or "values were not compared"
            return Verdict.not_evaluated(
                f"whether its value is used outside {environment} is not known: {why}"
            )
        same = sharing(context.inventory).by_digest.get(str(digest), ())
        return join(list(self._shared(environment, [one for one in same if one.id != secret.id], context)))

    def _shared(
        self, environment: str, same: Sequence[SecretMetadata], context: Context
    ) -> Iterator[Verdict]:
        elsewhere = [
            one for one in same if self._matters(environment_of(one)) and environment_of(one) != environment
        ]
        if elsewhere:
            shown = [f"{one.name} ({one.environment})" for one in elsewhere]
            yield Verdict.failed(
                f"its value is also that of {listed(shown)}",
                environments=", ".join(sorted({environment, *map(environment_of, elsewhere)})),
            )
            return
        if unplaced := [one.name for one in same if not environment_of(one)]:
            yield Verdict.not_evaluated(
                f"its value is also that of {listed(unplaced)}, of no known environment"
            )
        yield self._compared_with_all(environment, context)

    def _compared_with_all(self, environment: str, context: Context) -> Verdict:
        found = sharing(context.inventory)
        missing = sum(
            number
            for other, number in found.undigested.items()
            if other != environment and (not other or self._matters(other))
        )
        if missing:
            return Verdict.not_evaluated(
                "no other environment is known to use its value, but it was not compared with "
                f"{count(missing, 'value')} outside {environment}"
            )
        if found.unread_sources:
            return Verdict.not_evaluated(
                f"no other environment is known to use its value, but {listed(found.unread_sources)} "
                "was not read in full"
            )
        return Verdict.passed(f"its value is used in {environment} only", environments=environment)
