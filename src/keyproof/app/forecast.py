"""Judging the same snapshot on each day to come on which something ends."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from keyproof.app.assess import Request, assess
from keyproof.app.endings import endings
from keyproof.domain.assessment import Assessment
from keyproof.domain.finding import Finding
from keyproof.domain.forecast import Forecast, Turn
from keyproof.domain.policy import Policy
from keyproof.domain.snapshot import Snapshot
from keyproof.domain.verdict import Outcome

_DAY = timedelta(days=1)


def forecast(
    snapshot: Snapshot, policy: Policy, request: Request, *, days: int, finished: datetime
) -> Forecast:
    """What ends with a day from today through `days` days from now, if nothing changes but the date.

    A day counts when a finding is due on it, or a waiver, an attestation or an entry of the baseline ends with
    it: what fails on the day after and did not before has turned, and a duty that was attested and is not
    evaluated then has lapsed. What is so already is not repeated.
    """
    today = assess(snapshot, policy, request, finished=finished)
    until = _later(today.today, days)
    records = {record.subject.id: record for record in today.subjects}
    red = {finding.id for finding in today.findings if finding.gates}
    held, ahead, past = _held(today), _ends(today, until), set[date]()
    turns: list[Turn] = []
    lapses: list[Turn] = []
    while ahead:
        last_day = min(ahead)
        then = datetime.combine(last_day + _DAY, time(), UTC)
        judged = assess(snapshot, policy, replace(request, as_of=then), finished=finished)
        for finding in judged.findings:
            because = _because(finding, held.get(finding.id), red)
            if because:
                turn = Turn(
                    last_day=last_day, finding=finding, record=records.get(finding.subject), because=because
                )
                (turns if finding.gates else lapses).append(turn)
        red.update(finding.id for finding in judged.findings if finding.gates)
        held = _held(judged)
        past.add(last_day)
        # an attestation that takes over, or a waiver that begins, has a last day of its own
        ahead = (ahead | _ends(judged, until)) - past
    return Forecast(
        today=today,
        until=until,
        turns=tuple(sorted(turns, key=_by_day)),
        lapses=tuple(sorted(lapses, key=_by_day)),
        endings=endings(today, until),
    )


def _later(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max


def _ends(judged: Assessment, until: date) -> set[date]:
    """Days through `until` with which something ends; the calendar's last has no day after."""
    ends = {finding.due for finding in judged.findings if finding.due and not finding.gates}
    ends |= {record.waiver.until for record in judged.waivers}
    ends |= {record.entry.until for record in judged.baseline}
    return {day for day in ends if judged.today <= day <= until and day < date.max}


def _held(judged: Assessment) -> Mapping[str, Finding]:
    """Id → finding that holds only because a person said so: accepted or attested."""
    return {
        finding.id: finding
        for finding in judged.findings
        if finding.waiver or finding.baseline or finding.outcome is Outcome.MANUAL
    }


def _because(finding: Finding, before: Finding | None, red: set[str]) -> str:
    """Why `finding` came out worse than `before`; empty when it did not."""
    if finding.gates and finding.id not in red:
        if before is not None and before.waiver:
            return f"waiver {before.waiver} ends"
        return "baseline ends" if before is not None and before.baseline else "due"
    lapsed = before is not None and before.outcome is Outcome.MANUAL
    return "attestation lapses" if lapsed and finding.outcome is Outcome.NOT_EVALUATED else ""


def _by_day(turn: Turn) -> tuple[date, int, str, str]:
    return (turn.last_day, -turn.finding.severity.rank, turn.name, turn.finding.rule)
