"""What findings add up to for a control, and what its note tells an auditor."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from keyproof.app.controls import COUNTS, judge_controls
from keyproof.domain.assessment import ControlResult
from keyproof.domain.finding import Finding
from keyproof.domain.policy import Control, ControlMapping, Framework, Strength
from keyproof.domain.verdict import Outcome, Severity

EDGE = ControlMapping(id="soc2:CC6.1", strength=Strength.PARTIAL, preconditions="The period is your own.")
WEAK = ControlMapping(id="soc2:CC6.1", strength=Strength.SUPPORTING)
FULL = ControlMapping(id="soc2:CC6.1", strength=Strength.FULL, preconditions="All of them are read.")
OTHER = ControlMapping(id="soc2:CC7.1", strength=Strength.PARTIAL)


def _finding(outcome: Outcome, *edges: ControlMapping) -> Finding:
    return _shared(outcome, edges)


def _shared(outcome: Outcome, edges: tuple[ControlMapping, ...]) -> Finding:
    return Finding(
        id="f", rule="r", rule_title="R", pack="p", check="c", subject="s", outcome=outcome,
        severity=Severity.LOW, severity_reason="stated", reason="as told", controls=edges,
    )  # fmt: skip


def _judged(*findings: Finding, closed: bool = False) -> ControlResult:
    control = Control(
        id="soc2:CC6.1", framework="soc2", title="T", demands="D", scan_cannot_show="Who decided.",
        why_no_more="a criterion is met by people", closed=closed,
    )  # fmt: skip
    framework = Framework(id="soc2", title="SOC 2", edition="2022", controls=(control,))
    return judge_controls([framework], findings)[0]


def test_a_note_tells_strength_reason_conditions_and_what_a_scan_cannot_show() -> None:
    assert _judged(_finding(Outcome.PASS, EDGE), _finding(Outcome.PASS, WEAK, OTHER)).note == snapshot(
        "Evidence strength: partial, supporting. No more, because a criterion is met by people. On condition, for p/r: The period is your own. A scan cannot show: Who decided."
    )


def test_full_evidence_is_told_with_its_condition_and_needs_no_excuse() -> None:
    assert _judged(_finding(Outcome.PASS, FULL)).note == snapshot(
        "Evidence strength: full. On condition, for p/r: All of them are read. A scan cannot show: Who decided."
    )


def test_a_control_without_rules_says_so() -> None:
    judged = _judged(_finding(Outcome.PASS, OTHER))
    assert (judged.outcome, sum(judged.counts.values())) == (Outcome.NOT_EVALUATED, 0)
    assert judged.note == snapshot(
        "No rule of the loaded packs gives evidence for this control. A scan cannot show: Who decided."
    )


def test_a_control_of_which_nothing_can_be_shown_says_why() -> None:
    assert _judged(closed=True).note == snapshot(
        "No rule about secrets can give evidence for this control: a criterion is met by people. A scan cannot show: Who decided."
    )


@given(st.lists(st.tuples(st.sampled_from(Outcome), st.sampled_from(["shared", "copied", "elsewhere"]))))
def test_every_finding_is_counted_once_however_its_mappings_are_kept(
    drawn: list[tuple[Outcome, str]],
) -> None:
    shared = (EDGE, WEAK, OTHER)  # two mappings to one control are one rule's

    def mappings(how: str) -> tuple[ControlMapping, ...]:
        return shared if how == "shared" else (EDGE, *shared[1:]) if how == "copied" else (OTHER,)

    findings = [_shared(outcome, mappings(how)) for outcome, how in drawn]
    judged = _judged(*findings)
    expected = Counter(outcome.value.replace("-", "_") for outcome, how in drawn if how != "elsewhere")
    assert judged.counts == {key: expected[key] for key in COUNTS}
    assert judged == _judged(*reversed(findings))
