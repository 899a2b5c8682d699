"""The few facts of a run that a look back over hundreds of runs needs: small, so that a year of them is quickly read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple

from keyproof.domain.assessment import Assessment, ScopeStatus
from keyproof.domain.duration import Duration
from keyproof.domain.secret import Basis, SecretMetadata, VersionState
from keyproof.domain.verdict import Outcome

_ROTATION = "max-age"
_NEVER_IN_USE = frozenset({VersionState.PENDING})


class SecretDates(NamedTuple):
    """What a run tells of one secret's values. A tuple: a year has millions, and most equal the day before's."""

    id: str
    name: str
    owner: str
    created_at: datetime | None
    value_at: datetime | None
    """The date of the current value by the best evidence; None when nothing dates it."""
    by_version: bool
    """Whether that evidence is the date of the stored version itself."""
    versions: tuple[datetime, ...] | None
    """When values that came into use were stored; None when the backend lists no versions."""


_ID = itemgetter(SecretDates._fields.index("id"))


class ScopeRead(NamedTuple):
    """Whether a scope could be read in full."""

    source: str
    scope: str
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """A rotation period that a rule demanded."""

    rule: str
    """`pack/rule`."""
    period: Duration
    secrets: tuple[str, ...]
    """Ids of the secrets it was demanded of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """What a look back needs of one run; when it was read is the run's to tell, so that equal days are kept once."""

    secrets: tuple[SecretDates, ...]
    others: frozenset[str]
    """Ids of the subjects that are no secrets."""
    scopes: tuple[ScopeRead, ...]
    demands: tuple[Demand, ...]

    @property
    def ids(self) -> Iterable[str]:
        """Ids of the secrets."""
        return map(_ID, self.secrets)

    @property
    def subjects(self) -> frozenset[str]:
        """Ids of everything that was judged."""
        return self.others.union(self.ids)


def extract_of(assessment: Assessment) -> Extract:
    """The extract of a run."""
    subjects = [record.subject for record in assessment.subjects]
    secrets = tuple(_dates(subject) for subject in subjects if isinstance(subject, SecretMetadata))
    known = {secret.id for secret in secrets}
    return Extract(
        secrets=secrets,
        others=frozenset(subject.id for subject in subjects) - known,
        scopes=tuple(
            ScopeRead(scope.source, scope.scope, scope.status is ScopeStatus.OK)
            for scope in assessment.scopes
        ),
        demands=tuple(
            Demand(rule=rule, period=period, secrets=tuple(one for one in named if one in known))
            for (rule, period), named in _demands(assessment).items()
        ),
    )


def _dates(secret: SecretMetadata) -> SecretDates:
    fact = secret.value_date
    return SecretDates(
        id=secret.id,
        name=secret.name,
        owner=secret.owner,
        created_at=secret.created_at,
        value_at=fact.at if fact else None,
        by_version=fact is not None and fact.basis is Basis.VERSION_CREATED,
        versions=None
        if secret.versions is None
        else tuple(
            version.created_at
            for version in secret.versions
            if version.created_at and version.state not in _NEVER_IN_USE
        ),
    )


def _demands(judged: Assessment) -> Mapping[tuple[str, Duration], list[str]]:
    """`pack/rule` and the period it demands → the subjects it is about."""
    periods = {
        (rule.pack, rule.id): rule.check.rotation_period
        for pack in judged.packs
        for rule in pack.rules
        if rule.check.kind == _ROTATION
    }
    found: dict[tuple[str, Duration], list[str]] = {}
    for finding in judged.findings:
        if finding.check == _ROTATION and finding.outcome is not Outcome.NOT_APPLICABLE:
            period = periods.get((finding.pack, finding.rule))
            if period is not None and period.scheduled:
                found.setdefault((f"{finding.pack}/{finding.rule}", period), []).append(finding.subject)
    return found
