"""The leaks of the HTML report, each with the time it stood open as a lane."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from markupsafe import Markup

from keyproof.domain.assessment import Assessment
from keyproof.domain.leak import Leak, Occurrence
from keyproof.domain.secret import SecretMetadata
from keyproof.report import drawing, overview
from keyproof.report.drawing import Window
from keyproof.report.overview import State
from keyproof.report.sections.age import lead, picture
from keyproof.report.sections.population import Member
from keyproof.report.sections.rows import Row, Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """A leak with how long it stood open."""

    leak: Leak
    member: Member
    start: date | None
    end: date | None
    lane: Markup

    @property
    def first(self) -> Occurrence:
        """Where it was introduced."""
        return min(self.leak.occurrences, key=lambda o: (o.introduced_at is None, o.introduced_at, o.path))


def window(assessment: Assessment) -> Window:
    """From the first introduction of a leak, at least 30 days ago, until today."""
    starts = [
        record.subject.introduced_at.date()
        for record in assessment.subjects
        if isinstance(record.subject, Leak) and record.subject.introduced_at
    ]
    today = assessment.today
    return Window(first=min([*starts, today - timedelta(days=30)]), last=today)


def exposures(members: Sequence[Member], rows: Rows, over: Window) -> list[Exposure]:
    """Every leak of the population, the worst and the oldest first."""
    found = [
        _exposure(member, member.record.subject, rows, over)
        for member in members
        if isinstance(member.record.subject, Leak)
    ]
    return sorted(
        found, key=lambda e: (e.member.state.rank if e.member.state else 9, str(e.start or ""), e.leak.id)
    )


def _exposure(member: Member, leak: Leak, rows: Rows, over: Window) -> Exposure:
    removals = [place.removed_at for place in leak.occurrences]
    gone = max((day for day in removals if day), default=None) if all(removals) else None
    start = leak.introduced_at.date() if leak.introduced_at else None
    end = gone.date() if gone else None
    marks = _marks(leak, member.rows, rows)
    words = [f"introduced {start or 'outside history'}", f"removed {end}" if end else "still stands"]
    words += [f"{name} {day}" for name, day in sorted(marks.items())]
    lane = drawing.exposure_lane(
        window=over,
        start=start or over.last,
        end=end,
        marks=marks,
        failing=member.state is State.FAIL,
        label=", ".join(words),
    )
    return Exposure(leak=leak, member=member, start=start, end=end, lane=picture(lane))


def _marks(leak: Leak, own: Iterable[Row], rows: Rows) -> dict[str, date]:
    """When the leaked secret was replaced and until when it had to be, where a rule judged that."""
    marks: dict[str, date] = {}
    for finding in (row.finding for row in own if row.finding.check == "rotated-after-leak"):
        rule = rows.rules.get((finding.pack, finding.rule))
        given = overview.parameters(rule.check) if rule else {}
        start = leak.detected_at if given.get("from") == "detection" else leak.introduced_at
        if start and (allowed := lead(str(given.get("deadline", "")))):
            marks["deadline"] = (start + allowed).date()
        values = [
            secret.value_date.at
            for fact in finding.evidence
            if (record := rows.records.get(fact.name))
            and isinstance(secret := record.subject, SecretMetadata)
            and secret.value_date
        ]
        if leak.introduced_at and any(value > leak.introduced_at for value in values):
            marks["rotated"] = max(values).date()
    return marks
