"""One declared secret: every row that speaks of it, and what they say together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from keyproof.domain.duration import Duration
from keyproof.inventory.rows import Declaration

_SINGLE = (
    ("owner", "owners"),
    ("priority", "priorities"),
    ("status", "statuses"),
    ("last_rotated", "dates of last rotation"),
    ("next_rotation", "next rotations"),
    ("period", "periods"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """Why one row was taken to speak of the secret that another row names."""

    row: Declaration
    into: Declaration
    reason: str


@dataclass(slots=True, kw_only=True, eq=False)
class DeclaredSecret:
    """One secret with every row that speaks of it; what the most specific rows say counts."""

    rows: list[Declaration]
    """The most specific first, then in the order of the document."""
    environment: str = ""
    merges: list[Merge] = field(default_factory=list)

    def take(self, row: Declaration, reason: str) -> None:
        """Add a row that speaks of this secret for `reason`."""
        self.merges.append(Merge(row=row, into=self.lead, reason=reason))
        self.rows.append(row)
        self.rows.sort(key=lambda known: (known.standing, known.table, known.line))

    @property
    def lead(self) -> Declaration:
        """The row that stands for the secret: the first with a date, else the first."""
        rotated = (row for row in self.rows if row.last_rotated)
        dated = (row for row in self.rows if row.dated)
        return next(rotated, None) or next(dated, self.rows[0])

    @property
    def claimants(self) -> tuple[Declaration, ...]:
        """The rows that speak of its value: the lead alone, or all that contradict each other in a date."""
        if self._agreed("last_rotated") and self._agreed("next_rotation"):
            return (self.lead,)
        return tuple(row for row in self.rows if row.last_rotated or row.next_rotation)

    @property
    def last_rotated(self) -> date | None:
        """The date of last rotation its rows agree on; None when none has any or they contradict."""
        return self.lead.last_rotated if self._agreed("last_rotated") else None

    @property
    def conflicting(self) -> tuple[Declaration, ...]:
        """The rows whose dates of last rotation contradict each other."""
        return () if self._agreed("last_rotated") else tuple(row for row in self.rows if row.last_rotated)

    @property
    def period(self) -> Duration | None:
        """The period the most specific rows agree on; None when none states any or they contradict."""
        stated = self._stated("period")
        return stated[0].period if stated and self._agreed("period") else None

    @property
    def overruled(self) -> tuple[Declaration, ...]:
        """Rows about its kind whose period differs from the one its own rows state."""
        period = self.period
        rows = (row for row in self.rows if row.period and period)
        return tuple(row for row in rows if _value(row, "period") != _length(period))

    def text(self, name: str) -> str:
        """The text of field `name` from the lead row, else from the first row that has it."""
        return next((text for row in (self.lead, *self.rows) if (text := str(getattr(row, name)))), "")

    @property
    def problems(self) -> tuple[str, ...]:
        """What its rows could not say clearly, and where they contradict each other."""
        own = [problem for row in self.rows for problem in row.problems]
        return tuple(dict.fromkeys([*own, *self._contradictions()]))

    def _contradictions(self) -> Iterator[str]:
        for name, title in _SINGLE:
            if not self._agreed(name):
                stated = (f"{_shown(row, name)} (line {row.line})" for row in self._stated(name))
                yield f"{title} contradict each other: {', '.join(stated)}"

    def _agreed(self, name: str) -> bool:
        return len({_value(row, name) for row in self._stated(name)}) < 2

    def _stated(self, name: str) -> Sequence[Declaration]:
        """The most specific rows that state field `name`."""
        rows = [row for row in self.rows if getattr(row, name)]
        return [row for row in rows if row.standing is rows[0].standing]


def _value(row: Declaration, name: str) -> object:
    value = getattr(row, name)
    if isinstance(value, Duration):
        return _length(value)
    return value.casefold() if isinstance(value, str) else value


def _length(period: Duration | None) -> object:
    return (period.span, period.months, period.events) if period else None


def _shown(row: Declaration, name: str) -> str:
    value = getattr(row, name)
    return value.text if isinstance(value, Duration) else str(value)
