"""What the findings say about each control of the frameworks asked for."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from keyproof.domain.assessment import ControlResult
from keyproof.domain.finding import Finding
from keyproof.domain.policy import Control, ControlMapping, Framework, Strength
from keyproof.domain.verdict import Outcome

COUNTS = ("pass", "fail", "waived", "not_evaluated", "manual", "not_applicable")
"""Keys of every count, each finding in exactly one."""


_KEYS = {outcome: outcome.value.replace("-", "_") for outcome in Outcome}


def count_key(finding: Finding) -> str:
    """The one count a finding belongs to."""
    if finding.outcome is Outcome.FAIL and not finding.gates:
        return "waived"
    return _KEYS[finding.outcome]


@dataclass(frozen=True, slots=True)
class _Judged:
    """One rule's mappings, and its findings by how they count."""

    rule: str
    edges: tuple[ControlMapping, ...]
    counts: Counter[str]


def judge_controls(frameworks: Sequence[Framework], findings: Sequence[Finding]) -> tuple[ControlResult, ...]:
    """One result per control, sorted by framework and the catalogue's own order."""
    by_control: dict[str, list[_Judged]] = {}
    for judged in _by_rule(findings):
        for name in {edge.id for edge in judged.edges}:
            by_control.setdefault(name, []).append(judged)
    return tuple(
        _judge(control, by_control.get(control.id, []))
        for framework in frameworks
        for control in framework.controls
    )


def _by_rule(findings: Sequence[Finding]) -> list[_Judged]:
    """The findings counted together that share their mappings, as those of a rule do: there may be millions."""
    grouped: dict[int, _Judged] = {}
    for finding in findings:
        group = grouped.get(id(finding.controls))
        if group is None:
            group = _Judged(f"{finding.pack}/{finding.rule}", finding.controls, Counter())
            grouped[id(finding.controls)] = group
        group.counts[count_key(finding)] += 1
    return list(grouped.values())


def _judge(control: Control, judged: Sequence[_Judged]) -> ControlResult:
    counts: Counter[str] = Counter()
    for some in judged:
        counts.update(some.counts)
    return ControlResult(
        control=control,
        outcome=_outcome(counts),
        counts={key: counts[key] for key in COUNTS},
        note=" ".join(_note(control, judged, counts)),
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


def _note(control: Control, judged: Sequence[_Judged], counts: Counter[str]) -> Iterator[str]:
    edges = [(some.rule, edge) for some in judged for edge in some.edges if edge.id == control.id]
    if edges:
        yield from _strength(control, edges)
        if not counts["pass"] + counts["fail"] + counts["waived"] + counts["manual"]:
            yield "Nothing was judged for it."
        if counts["waived"] and not counts["fail"]:
            yield "Every failure is covered by a waiver that is in force."
    elif control.closed:
        yield f"No rule about secrets can give evidence for this control: {control.why_no_more}."
    else:
        yield "No rule of the loaded packs gives evidence for this control."
    if control.scan_cannot_show:
        yield f"A scan cannot show: {control.scan_cannot_show}"


def _strength(control: Control, edges: Sequence[tuple[str, ControlMapping]]) -> Iterator[str]:
    """How much the rules show, why not more, and on which conditions."""
    given = {edge.strength for _, edge in edges}
    yield f"Evidence strength: {', '.join(sorted(given))}."
    if control.why_no_more and Strength.FULL not in given:
        yield f"No more, because {control.why_no_more}."
    rules: dict[str, set[str]] = {}
    for rule, edge in edges:
        if edge.preconditions:
            rules.setdefault(edge.preconditions.rstrip("."), set()).add(rule)
    for condition in sorted(rules):
        yield f"On condition, for {', '.join(sorted(rules[condition]))}: {condition}."
