"""On how many days a value was overdue, told from version history: also on days without a run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from keyproof.domain.assessment import Assessment
from keyproof.domain.deadline import Deadline
from keyproof.domain.duration import Duration
from keyproof.domain.secret import Basis, SecretMetadata, VersionState
from keyproof.domain.snapshot import Snapshot
from keyproof.domain.verdict import Outcome

_CHECK = "max-age"
_NEVER_IN_USE = frozenset({VersionState.PENDING})
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """How one secret stood against one rotation rule over a period."""

    subject: str
    name: str
    owner: str
    rule: str
    """`pack/rule`."""
    period: str
    """The rotation period, as written."""
    rotations: tuple[datetime, ...]
    """When a value came into use, within the period."""
    overdue: int
    """UTC days of the period on which a value was overdue for any part of the day."""
    known: int
    """Days of the period of which it is known."""
    unknown: int
    """Days before the oldest value that is known, or after the last run that read the secret."""
    exact: bool
    """Whether the backend lists versions, so that no value between two runs went unnoticed."""


@dataclass(slots=True)
class _History:
    secret: SecretMetadata
    born: set[datetime]
    last_read: datetime
    listed: bool


class Histories:
    """When values of each secret came into use, as snapshots tell it, added oldest first.

    Where two disagree the later one is believed.
    """

    def __init__(self) -> None:
        self.of: dict[str, _History] = {}

    def add(self, snapshot: Snapshot) -> None:
        """Take in what one run read."""
        for secret in snapshot.secrets:
            known = self.of.setdefault(
                secret.id,
                _History(secret=secret, born=set(), last_read=snapshot.taken_at, listed=True),
            )
            known.listed = known.listed and secret.versions is not None
            if snapshot.taken_at >= known.last_read:
                known.secret, known.last_read = secret, snapshot.taken_at
                known.born -= _disproved(known.born, secret, snapshot.taken_at)
            known.born |= _born(secret)


def lateness(
    histories: Histories, judged: Iterable[Assessment], *, first: date, last: date
) -> tuple[Lateness, ...]:
    """One line for each secret and rotation rule of any of `judged` (oldest first, the later period counts), sorted.

    Of a value that was in use until the next came, the days from the one after its due date to the day of the
    rotation count as overdue, that day included: on it the old value was still there.
    """
    periods: dict[tuple[str, str], Duration] = {}
    for assessment in judged:
        periods.update(_periods(assessment))
    known = histories.of
    found = [
        _line(known[subject], rule, period, first, last)
        for (subject, rule), period in periods.items()
        if subject in known
    ]
    return tuple(sorted(found, key=lambda line: (-line.overdue, line.name, line.subject, line.rule)))


def _born(secret: SecretMetadata) -> set[datetime]:
    """When values of the secret came into use, as one run tells it."""
    fact = secret.value_date
    listed = {
        version.created_at
        for version in secret.versions or ()
        if version.created_at and version.state not in _NEVER_IN_USE
    }
    if fact is None:
        return listed
    older = {value for value in listed if value <= fact.at}
    return older if older and fact.basis is not Basis.VERSION_CREATED else {*older, fact.at}


def _disproved(born: Iterable[datetime], secret: SecretMetadata, at: datetime) -> set[datetime]:
    """Dates of values newer than the one in use at `at`: a claim taken back, or an older version put back."""
    fact = secret.value_date
    return {value for value in born if fact is not None and fact.at < value <= at}


def _periods(judged: Assessment) -> Mapping[tuple[str, str], Duration]:
    """Subject and `pack/rule` → the rotation period demanded of it."""
    rules = {
        (rule.pack, rule.id): rule.check.rotation_period
        for pack in judged.packs
        for rule in pack.rules
        if rule.check.kind == _CHECK
    }
    return {
        (finding.subject, f"{finding.pack}/{finding.rule}"): period
        for finding in judged.findings
        if finding.check == _CHECK and finding.outcome is not Outcome.NOT_APPLICABLE
        if (period := rules.get((finding.pack, finding.rule))) is not None and period.scheduled
    }


def _line(history: _History, rule: str, period: Duration, first: date, last: date) -> Lateness:
    secret = history.secret
    begin, end = _midnight(first), _midnight(last) + _DAY
    born = sorted(history.born)
    horizon = min(end, history.last_read)
    known_from = _known_from(secret, born)
    late: set[date] = set()
    for value, replaced in pairwise([*born, horizon]):
        if value < replaced:
            late |= _days(max(_overdue_from(value, period), begin), min(replaced, end))
    known = _days(max(known_from, begin), horizon) if known_from < horizon else set()
    return Lateness(
        subject=secret.id,
        name=secret.name,
        owner=secret.owner,
        rule=rule,
        period=period.text,
        rotations=tuple(value for value in born if begin <= value < end),
        overdue=len(late),
        known=len(known),
        unknown=(last - first).days + 1 - len(known),
        exact=history.listed,
    )


def _known_from(secret: SecretMetadata, born: Sequence[datetime]) -> datetime:
    """From when on it is known which value was in use; before its creation there was none to be overdue."""
    if not born:
        return datetime.max.replace(tzinfo=UTC)
    if secret.created_at is not None and born[0].date() <= secret.created_at.date():
        return datetime.min.replace(tzinfo=UTC)
    return born[0]


def _overdue_from(value: datetime, period: Duration) -> datetime:
    deadline = Deadline.of(value, period, value)
    if deadline.at is not None:
        return deadline.at
    return _midnight(deadline.due) + _DAY if deadline.due < date.max else datetime.max.replace(tzinfo=UTC)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _days(begin: datetime, end: datetime) -> set[date]:
    """The UTC days that any part of the time from `begin` to before `end` lies in."""
    if begin >= end:
        return set()
    first = begin.astimezone(UTC).date()
    last = (end.astimezone(UTC) - timedelta(microseconds=1)).date()
    return {first + timedelta(days=number) for number in range((last - first).days + 1)}
