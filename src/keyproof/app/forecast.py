"""Judging the same snapshot on each day to come on which something ends."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from keyproof.app.assess import Request, assess
from keyproof.domain.assessment import Assessment
from keyproof.domain.finding import Finding
from keyproof.domain.forecast import Forecast, Turn
from keyproof.domain.policy import Policy
from keyproof.domain.snapshot import Snapshot

_DAY = timedelta(days=1)


def forecast(
    snapshot: Snapshot, policy: Policy, request: Request, *, days: int, finished: datetime
) -> Forecast:
    """What turns red after a day from today through `days` days from now, if nothing changes but the date.

    A day counts when a finding is due on it, or a waiver or an entry of the baseline ends with it: what
    fails on the day after and did not before has turned. What fails already is not repeated.
    """
    today = assess(snapshot, policy, request, finished=finished)
    until = _later(today.today, days)
    red = {finding.id for finding in today.findings if finding.gates}
    before = {finding.id: finding for finding in today.findings}
    records = {record.subject.id: record for record in today.subjects}
    turns: list[Turn] = []
    for last_day in _ends(today, until):
        then = datetime.combine(last_day + _DAY, time(), UTC)
        judged = assess(snapshot, policy, replace(request, as_of=then), finished=finished)
        new = [finding for finding in judged.findings if finding.gates and finding.id not in red]
        red.update(finding.id for finding in new)
        turns += [
            Turn(
                last_day=last_day,
                finding=finding,
                record=records.get(finding.subject),
                because=_because(before.get(finding.id)),
            )
            for finding in new
        ]
    turns.sort(key=lambda turn: (turn.last_day, -turn.finding.severity.rank, turn.name, turn.finding.rule))
    return Forecast(today=today, until=until, turns=tuple(turns))


def _later(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max


def _ends(today: Assessment, until: date) -> list[date]:
    """Days through `until` with which something ends; the calendar's last has no day after."""
    ends = {finding.due for finding in today.findings if finding.due and not finding.gates}
    ends |= {record.waiver.until for record in today.waivers}
    ends |= {record.entry.until for record in today.baseline}
    return sorted(day for day in ends if today.today <= day <= until and day < date.max)


def _because(finding: Finding | None) -> str:
    if finding is not None and finding.waiver:
        return f"waiver {finding.waiver} ends"
    return "baseline ends" if finding is not None and finding.baseline else "due"
