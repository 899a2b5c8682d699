"""Attaching waivers to the failures they accept; an outcome never changes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from keyproof.domain.assessment import WaiverRecord
from keyproof.domain.finding import Finding
from keyproof.domain.policy import Waiver
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Outcome


def waive(
    findings: Sequence[Finding],
    waivers: Sequence[Waiver],
    *,
    subjects: Mapping[str, Subject],
    classes: Mapping[str, tuple[str, str]],
    today: date,
) -> tuple[tuple[Finding, ...], tuple[WaiverRecord, ...]]:
    """The findings with the first waiver that is in force attached, and every waiver with its state."""
    used: dict[str, list[str]] = {waiver.id: [] for waiver in waivers}
    judged: list[Finding] = []
    for finding in findings:
        found = next((w for w in waivers if _accepts(w, finding, subjects, classes, today)), None)
        if found is not None:
            used[found.id].append(finding.id)
        judged.append(replace(finding, waiver=found.id) if found else finding)
    records = tuple(
        WaiverRecord(
            waiver=waiver,
            state=waiver.state_on(today, used=bool(used[waiver.id])),
            findings=tuple(sorted(used[waiver.id])),
        )
        for waiver in sorted(waivers, key=lambda waiver: waiver.id)
    )
    return tuple(judged), records


def _accepts(
    waiver: Waiver,
    finding: Finding,
    subjects: Mapping[str, Subject],
    classes: Mapping[str, tuple[str, str]],
    today: date,
) -> bool:
    if finding.outcome is not Outcome.FAIL or not waiver.valid_on(today):
        return False
    packs = (finding.pack, *finding.also_in)
    names_rule = waiver.rule in {finding.rule, *(f"{pack}/{finding.rule}" for pack in packs)}
    names_control = bool(waiver.control) and any(edge.id == waiver.control for edge in finding.controls)
    subject = subjects.get(finding.subject)
    if not (names_rule or names_control) or subject is None:
        return False
    return waiver.selector.matches(subject, classes.get(finding.subject, ("", ""))[0])
