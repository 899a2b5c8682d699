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
    """The findings with the first waiver that accepts them attached, and every waiver with its state.

    A waiver with too few approvers, or too long, for a failure's severity leaves it as it is and says so.
    """
    used: dict[str, list[str]] = {waiver.id: [] for waiver in waivers}
    problems: dict[str, set[str]] = {waiver.id: set() for waiver in waivers}
    in_force = [waiver for waiver in waivers if waiver.valid_on(today)]
    judged = list(findings)
    for place, finding in enumerate(findings if in_force else ()):
        if finding.outcome is not Outcome.FAIL:
            continue
        for waiver in in_force:
            if not is_about(waiver, finding, subjects, classes):
                continue
            if refusal := waiver.refusal(finding.severity, today):
                problems[waiver.id].add(refusal)
                continue
            used[waiver.id].append(finding.id)
            judged[place] = replace(finding, waiver=waiver.id)
            break
    records = tuple(
        WaiverRecord(
            waiver=waiver,
            state=waiver.state_on(today, used=bool(used[waiver.id]), refused=bool(problems[waiver.id])),
            findings=tuple(sorted(used[waiver.id])),
            problems=tuple(sorted(problems[waiver.id])),
        )
        for waiver in sorted(waivers, key=lambda waiver: waiver.id)
    )
    return tuple(judged), records


def is_about(
    waiver: Waiver, finding: Finding, subjects: Mapping[str, Subject], classes: Mapping[str, tuple[str, str]]
) -> bool:
    """Whether `waiver` is meant for `finding`, be it in force or not."""
    packs = (finding.pack, *finding.also_in)
    names_rule = waiver.rule in {finding.rule, *(f"{pack}/{finding.rule}" for pack in packs)}
    names_control = bool(waiver.control) and any(edge.id == waiver.control for edge in finding.controls)
    subject = subjects.get(finding.subject)
    if not (names_rule or names_control) or subject is None:
        return False
    return waiver.selector.matches(subject, classes.get(finding.subject, ("", ""))[0])
