"""What ends by itself if nobody does anything: the same judgement, on days to come."""

from dataclasses import dataclass
from datetime import date

from keyproof.domain.assessment import Assessment, SubjectRecord
from keyproof.domain.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A finding that comes out worse from the day after `last_day`."""

    last_day: date
    """The last day (UTC) on which it is in order, accepted or attested."""
    finding: Finding
    """As it will be judged on the day after."""
    record: SubjectRecord | None
    """What it is about; None for a rule that is about nothing that was read."""
    because: str
    """`due`, or what ends: `waiver ID ends`, `baseline ends`, `attestation lapses`."""

    @property
    def name(self) -> str:
        """What a person reads in a table."""
        return self.record.subject.name if self.record else self.finding.subject

    @property
    def owner(self) -> str:
        """Who has to do it; empty when nobody is named."""
        return self.record.subject.owner if self.record else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A waiver, or the baseline entries of one owner, whose last day comes."""

    last_day: date
    """The last day (UTC) on which it accepts anything."""
    id: str
    """The waiver's; `baseline` for entries of a baseline."""
    who: str
    """Who approved the waiver, or who is to put what the entries name in order."""
    about: str
    """What it accepts, in a person's words."""
    accepts: int
    """How many failures it accepts now."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Everything that ends through `until`, by day."""

    today: Assessment
    """The judgement the forecast starts from."""
    until: date
    turns: tuple[Turn, ...]
    """What fails the run afterwards, worst first of a day."""
    lapses: tuple[Turn, ...] = ()
    """Duties that nobody attests afterwards, so that they are not evaluated."""
    endings: tuple[Ending, ...] = ()
    """Waivers and baseline entries that end, whether or not something fails without them."""
