"""What the findings say about each control of the frameworks asked for."""

from collections import Counter
from collections.abc import Sequence

from keyproof.domain.assessment import ControlResult
from keyproof.domain.finding import Finding
from keyproof.domain.policy import Control, Framework
from keyproof.domain.verdict import Outcome

COUNTS = ("pass", "fail", "waived", "not_evaluated", "manual", "not_applicable")
"""Keys of every count, each finding in exactly one."""


_KEYS = {outcome: outcome.value.replace("-", "_") for outcome in Outcome}


def count_key(finding: Finding) -> str:
    """The one count a finding belongs to."""
    if finding.outcome is Outcome.FAIL and not finding.gates:
        return "waived"
    return _KEYS[finding.outcome]


def judge_controls(frameworks: Sequence[Framework], findings: Sequence[Finding]) -> tuple[ControlResult, ...]:
    """One result per control, sorted by framework and the catalogue's own order."""
    by_control: dict[str, list[Finding]] = {}
    for finding in findings:
        for edge in finding.controls:
            by_control.setdefault(edge.id, []).append(finding)
    return tuple(
        _judge(control, by_control.get(control.id, []))
        for framework in frameworks
        for control in framework.controls
    )


def _judge(control: Control, findings: Sequence[Finding]) -> ControlResult:
    counts = Counter(count_key(finding) for finding in findings)
    return ControlResult(
        control=control,
        outcome=_outcome(counts),
        counts={key: counts[key] for key in COUNTS},
        note=_note(control, findings, counts),
    )


def _outcome(counts: Counter[str]) -> Outcome:
    """Order: fail, not-evaluated, waived (still a failure), manual, pass; nothing judged is not-evaluated."""
    if counts["fail"]:
        return Outcome.FAIL
    if counts["not_evaluated"]:
        return Outcome.NOT_EVALUATED
    if counts["waived"]:
        return Outcome.FAIL
    if counts["manual"]:
        return Outcome.MANUAL
    return Outcome.PASS if counts["pass"] else Outcome.NOT_EVALUATED


def _note(control: Control, findings: Sequence[Finding], counts: Counter[str]) -> str:
    edges = {edge for finding in findings for edge in finding.controls if edge.id == control.id}
    if not edges:
        parts = ["No rule of the loaded packs gives evidence for this control."]
    else:
        strengths = ", ".join(sorted({edge.strength.value for edge in edges}))
        parts = [f"Evidence strength: {strengths}."]
        parts += sorted(
            {f"Holds only where {edge.preconditions.rstrip('.')}." for edge in edges if edge.preconditions}
        )
        if not counts["pass"] + counts["fail"] + counts["waived"] + counts["manual"]:
            parts.append("Nothing was judged for it.")
        if counts["waived"] and not counts["fail"]:
            parts.append("Every failure is covered by a waiver that is in force.")
    if control.scan_cannot_show:
        parts.append(f"A scan cannot show: {control.scan_cannot_show}")
    return " ".join(parts)
