"""A period as an auditor of operating effectiveness sees it (SOC 2 Type II): that the control ran, and what it found."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from itertools import pairwise

from keyproof.app.episodes import Episode, Exceptions, comparable
from keyproof.app.lateness import Demands, Histories, Lateness, lateness
from keyproof.domain.duration import Duration
from keyproof.domain.ledger import Command, RunEntry
from keyproof.errors import ConfigError
from keyproof.ports import Progress, RunStore

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which period, how often the control was to run, and which sample is wanted."""

    first: date
    last: date
    """Inclusive, UTC."""
    every: Duration
    """The stated frequency of the control."""
    sample: int
    """Of runs and of secrets each."""
    seed: str
    """The same seed draws the same sample."""
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Days on which the control should have run and did not."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it lasted."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Items drawn from a population: sorted by sha256 of `seed`, a line feed and the item, the first of them."""

    population: int
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What the ledger shows about a period."""

    asked: Asked
    organisation: str
    until: date
    """The last day looked at: the period's, or yesterday's while it is not over."""
    runs: tuple[RunEntry, ...]
    """That were read within the period."""
    silences: tuple[Silence, ...]
    """Where the cadence was not kept by a run that looked at everything."""
    short: tuple[RunEntry, ...]
    """Runs that did not look at everything, so that they keep no cadence."""
    exceptions: tuple[Episode, ...]
    """Failures that were open on any day of the period."""
    lateness: tuple[Lateness, ...]
    """Of every secret with a rotation period."""
    policies: tuple[tuple[str, date], ...]
    """Digest of each policy in force and the day it was first seen within the period."""
    configurations: tuple[tuple[str, date], ...]
    run_sample: Sample
    secret_sample: Sample

    @property
    def end(self) -> datetime:
        """The end of the last day looked at: what is open then is counted to it."""
        return datetime.combine(self.until, time.max, UTC)

    @property
    def cadence_kept(self) -> bool:
        """Whether the control ran as often as stated, through the whole period."""
        return not self.silences

    @property
    def still_open(self) -> tuple[Episode, ...]:
        """Exceptions not closed by the end of the period."""
        return tuple(
            one for one in self.exceptions if one.closed is None or one.closed.started.date() > self.until
        )


def look_back(runs: Sequence[RunEntry], asked: Asked, store: RunStore, *, progress: Progress) -> Period:
    """The period by the scans that the ledger holds (oldest first), of the organisation of the last one.

    Raises ConfigError when no run lies in the period, and StoreError.
    """
    scans = _scans(runs, asked)
    within = [run for run in scans if asked.first <= run.started.date() <= asked.last]
    if not within:
        message = f"no scan was recorded from {asked.first} to {asked.last}"
        raise ConfigError(message, hint="`keyproof runs list` shows what there is")
    until = min(asked.last, max(asked.now.date() - _DAY, within[-1].started.date()))
    histories, demands, exceptions = Histories(), Demands(), Exceptions(store)
    secrets: set[str] = set()
    progress.begin("Reading runs", len(scans))
    for run in scans:
        extract = store.extract(run)
        histories.add(extract, run.started)
        if asked.first <= run.started.date() <= asked.last:
            demands.add(extract, whole=run.whole)
            secrets.update(extract.ids)
        if not run.supposed:
            exceptions.add(run, extract)
        progress.advance(1)
    return Period(
        asked=asked,
        organisation=within[-1].organisation,
        until=until,
        runs=tuple(within),
        silences=silences([run.started.date() for run in scans if run.whole], asked, until),
        short=tuple(run for run in within if not run.whole),
        exceptions=tuple(_standing_within(exceptions.found, asked.first, until)),
        lateness=lateness(histories, demands, first=asked.first, last=until),
        policies=_in_force((run.policy_digest, run) for run in within),
        configurations=_in_force((run.config_digest, run) for run in within),
        run_sample=draw([f"run {run.number} {run.digest}" for run in within], asked),
        secret_sample=draw(sorted(secrets), asked),
    )


def _scans(runs: Sequence[RunEntry], asked: Asked) -> list[RunEntry]:
    """Runs on secrets, those after the period too: they tell what became of an exception, and of a value."""
    mine = [run for run in runs if run.command is not Command.LEAKS]
    return comparable(mine, mine[-1]) if mine and asked.first <= asked.last else []


def silences(days: Iterable[date], asked: Asked, until: date) -> tuple[Silence, ...]:
    """The stretches of the period, through `until`, in which a run was due and none was made."""
    ran = sorted(set(days))
    before = [day for day in ran if day < asked.first][-1:] or [asked.first - _DAY]
    inside = [day for day in ran if asked.first <= day <= until]
    found = []
    for previous, following in pairwise([*before, *inside, until + _DAY]):
        due = max(_due(previous, asked.every), asked.first)
        if due < following:
            found.append(Silence(first=due, last=following - _DAY))
    return tuple(found)


def _due(day: date, every: Duration) -> date:
    """The day the next run is due; a frequency of less than a day asks for a run every day."""
    return max(every.due(day), day + _DAY)


def _standing_within(found: Iterable[Episode], first: date, last: date) -> list[Episode]:
    return [
        one
        for one in found
        if one.opened.started.date() <= last and (one.closed is None or one.closed.started.date() >= first)
    ]


def _in_force(digests: Iterable[tuple[str, RunEntry]]) -> tuple[tuple[str, date], ...]:
    """Each change of a digest, with the day of the first run that had it."""
    found: list[tuple[str, date]] = []
    for digest, run in digests:
        if not found or found[-1][0] != digest:
            found.append((digest, run.started.date()))
    return tuple(found)


def draw(population: Sequence[str], asked: Asked) -> Sample:
    """A sample that anybody can draw again: see `Sample`."""
    drawn = sorted(population, key=lambda item: sha256(f"{asked.seed}\n{item}".encode()).digest())
    return Sample(population=len(population), items=tuple(sorted(drawn[: asked.sample])))
