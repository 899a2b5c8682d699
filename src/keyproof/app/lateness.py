"""On how many days a value was overdue, told from version history: also on days without a run."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from keyproof.domain.deadline import Deadline
from keyproof.domain.duration import Duration
from keyproof.domain.extract import Extract, SecretDates

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
    secret: SecretDates
    born: set[datetime]
    last_read: datetime
    listed: bool
    settled: bool
    """Whether no date is after that of the current value: then reading the same again tells nothing new."""


class Histories:
    """When values of each secret came into use, as runs tell it, added oldest first.

    Where two disagree the later one is believed.
    """

    def __init__(self) -> None:
        self.of: dict[str, _History] = {}

    def add(self, extract: Extract, at: datetime) -> None:
        """Take in what one run read."""
        for secret in extract.secrets:
            known = self.of.get(secret.id)
            if known is None:
                self.of[secret.id] = known = _History(
                    secret=secret, born=set(), last_read=at, listed=True, settled=False
                )
            if known.settled and known.secret == secret and at >= known.last_read:
                known.last_read = at
            else:
                _learn(known, secret, at)


class Demands:
    """The rotation periods that were demanded of each secret in a period, runs added oldest first."""

    def __init__(self) -> None:
        self._judged: defaultdict[str, dict[str, Duration]] = defaultdict(dict)
        """Rule → secret → its period."""
        self._partly: defaultdict[str, dict[str, Duration]] = defaultdict(dict)
        self._secrets: set[str] = set()

    def add(self, extract: Extract, *, whole: bool) -> None:
        """Take in the demands of one run; one that is not `whole` speaks for secrets that no whole one judged."""
        if whole:
            self._secrets.update(extract.ids)
        found = self._judged if whole else self._partly
        for demand in extract.demands:
            found[demand.rule].update(dict.fromkeys(demand.secrets, demand.period))

    def __iter__(self) -> Iterator[tuple[str, str, Duration]]:
        """Each secret and `pack/rule` once, with the period that was demanded last."""
        for rule, periods in self._judged.items():
            for secret, period in periods.items():
                yield secret, rule, period
        for rule, periods in self._partly.items():
            for secret, period in periods.items():
                if secret not in self._secrets:
                    yield secret, rule, period


def lateness(histories: Histories, demands: Demands, *, first: date, last: date) -> tuple[Lateness, ...]:
    """One line for each secret and each rotation rule that was about it, sorted.

    Of a value that was in use until the next came, the days from the one after its due date to the day of the
    rotation count as overdue, that day included: on it the old value was still there.
    """
    known = histories.of
    found = [
        _line(known[subject], rule, period, first, last)
        for subject, rule, period in demands
        if subject in known
    ]
    return tuple(sorted(found, key=lambda line: (-line.overdue, line.name, line.subject, line.rule)))


def _learn(known: _History, secret: SecretDates, at: datetime) -> None:
    known.listed = known.listed and secret.versions is not None
    if at >= known.last_read:
        known.secret, known.last_read = secret, at
        known.born -= _disproved(known.born, secret, at)
    known.born |= _born(secret)
    current = known.secret.value_at
    known.settled = current is None or all(value <= current for value in known.born)


def _born(secret: SecretDates) -> set[datetime]:
    """When values of the secret came into use, as one run tells it."""
    listed = set(secret.versions or ())
    if secret.value_at is None:
        return listed
    older = {value for value in listed if value <= secret.value_at}
    return older if older and not secret.by_version else {*older, secret.value_at}


def _disproved(born: Iterable[datetime], secret: SecretDates, at: datetime) -> set[datetime]:
    """Dates of values newer than the one in use at `at`: a claim taken back, or an older version put back."""
    current = secret.value_at
    return set() if current is None else {value for value in born if current < value <= at}


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


def _known_from(secret: SecretDates, born: Sequence[datetime]) -> datetime:
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
