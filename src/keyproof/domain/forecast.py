"""What turns red by itself if nobody does anything: the same judgement, on days to come."""

from dataclasses import dataclass
from datetime import date

from keyproof.domain.assessment import Assessment, SubjectRecord
from keyproof.domain.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A finding that fails the run from the day after `last_day`."""

    last_day: date
    """The last day (UTC) on which it is in order or accepted."""
    finding: Finding
    """As it will be judged on the day after."""
    record: SubjectRecord | None
    """What it is about; None for a rule that is about nothing that was read."""
    because: str
    """`due`, or what ends: `waiver ID ends`, `baseline ends`."""

    @property
    def name(self) -> str:
        """What a person reads in a table."""
        return self.record.subject.name if self.record else self.finding.subject

    @property
    def owner(self) -> str:
        """Who has to do it; empty when nobody is named."""
        return self.record.subject.owner if self.record else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Everything that turns red through `until`, by day, worst first."""

    today: Assessment
    """The judgement the forecast starts from."""
    until: date
    turns: tuple[Turn, ...]
