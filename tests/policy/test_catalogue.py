"""Reading a control catalogue, and the guard against claiming more of a control than a scan can show."""

from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot

from keyproof.domain.policy import Strength
from keyproof.errors import PolicyError
from keyproof.policy.catalogue import Catalogues, load_catalogue
from keyproof.policy.claims import Ceiling, Showing, over_claim
from keyproof.policy.documents import MappingDocument

HEAD = "apiVersion: keyproof/v1\nkind: ControlCatalogue\nmetadata: {id: mine, title: T, edition: E, why: w}\n"
ORDER = ["none", Strength.SUPPORTING, Strength.PARTIAL, Strength.FULL]


def _refused(tmp_path: Path, text: str) -> str:
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load_catalogue(tmp_path / "mine.yaml")
    return "\n".join(map(str, caught.value.problems))


def _claim(strength: Strength, preconditions: str = "") -> MappingDocument:
    return MappingDocument.model_validate({"id": "x:1", "strength": strength, "preconditions": preconditions})


def _ceiling(strongest: str = "partial", **evidence: Any) -> Ceiling:
    shown = {
        kind.replace("_", "-"): Showing(
            strength=Strength(value), when="all of them" if value == "full" else ""
        )
        for kind, value in evidence.items()
    }
    return Ceiling(strongest=strongest, why="more is asked", evidence=shown)


def test_a_broken_catalogue_is_refused(tmp_path: Path) -> None:
    entry = "{id: A, title: T, demands: D, scan-cannot-show: S, evidence: {max-age: partial}}"
    text = HEAD.replace("id: mine", "id: other") + f"controls: [{entry}, {entry}]\n"
    assert _refused(tmp_path, text) == snapshot("""\
policies/controls/mine.yaml:3:16: the id 'other' is not the file's name; write 'mine'
policies/controls/mine.yaml:4:99: the control 'A' stands twice; keep one\
""")


def test_what_a_control_s_checks_show_has_to_fit_the_most_that_may_be_claimed(tmp_path: Path) -> None:
    told = "title: T, demands: D, scan-cannot-show: S"
    text = (
        HEAD
        + f"""\
controls:
  - {{id: A, {told}}}
  - {{id: B, {told}, strongest: none, evidence: {{max-age: partial}}}}
  - {{id: C, {told}, strongest: supporting, evidence: {{max-age: partial, expires: supporting}}}}
"""
    )
    assert _refused(tmp_path, text) == snapshot("""\
policies/controls/mine.yaml:5:10: of 'A' the most is partial, with no evidence; name the checks that show something of it, or write 'strongest: none'
policies/controls/mine.yaml:6:10: of 'B' the most is none, with some evidence; name the checks that show something of it, or write 'strongest: none'
policies/controls/mine.yaml:7:10: max-age shows more of 'C' than supporting; write 'supporting'\
""")


def test_nothing_is_shown_in_full_without_a_condition(tmp_path: Path) -> None:
    told = "title: T, demands: D, scan-cannot-show: S"
    text = f"{HEAD}controls:\n  - {{id: A, {told}, evidence: {{max-age: partial}}}}\n  - {{id: B, {told}, evidence: {{max-age: full}}}}\n"
    assert _refused(tmp_path, text) == snapshot(
        "policies/controls/mine.yaml:6:76: nothing is fully shown without a condition; add 'when', or write 'partial'"
    )


@pytest.mark.parametrize(
    ("strength", "preconditions", "check", "told"),
    [
        (Strength.SUPPORTING, "", "max-age", None),
        (Strength.PARTIAL, "", "max-age", None),
        (Strength.FULL, "All of them.", "max-age", None),
        (Strength.FULL, "", "max-age", "x:1 is fully shown only on a condition"),
        (Strength.FULL, "All of them.", "no-leak", "x:1 cannot be fully shown by no-leak"),
    ],
)
def test_full_needs_the_right_check_and_its_precondition(
    strength: Strength, preconditions: str, check: str, told: str | None
) -> None:
    fault = over_claim(_claim(strength, preconditions), check, _ceiling(max_age="full", no_leak="partial"))
    assert (fault[0] if fault else None) == told


@pytest.mark.parametrize(
    ("strongest", "shown", "most"),
    [
        ("none", Strength.SUPPORTING, "none"),
        ("supporting", Strength.SUPPORTING, Strength.SUPPORTING),
        ("partial", Strength.SUPPORTING, Strength.SUPPORTING),
        ("partial", Strength.PARTIAL, Strength.PARTIAL),
        ("partial", Strength.FULL, Strength.FULL),
    ],
)
@pytest.mark.parametrize("strength", list(Strength))
def test_nothing_above_the_ceiling_passes(
    strongest: str, shown: Strength, most: str, strength: Strength
) -> None:
    fault = over_claim(_claim(strength, "All of them."), "max-age", _ceiling(strongest, max_age=shown))
    assert (fault is not None) is (ORDER.index(strength) > ORDER.index(most))


@pytest.mark.parametrize("strength", list(Strength))
def test_a_check_that_the_catalogue_does_not_name_can_support_and_no_more(strength: Strength) -> None:
    fault = over_claim(_claim(strength), "naming", _ceiling(max_age="partial"))
    assert (fault is None) is (strength is Strength.SUPPORTING)
    if strength is Strength.PARTIAL:
        assert fault == snapshot(
            (
                "partial over-claims x:1 for a rule with naming, which can only support it",
                "write 'supporting'; max-age may claim partial",
            )
        )


@pytest.mark.parametrize(
    ("given", "scope", "strength", "expected"),
    [
        ("Mine alone.", "", "partial", "Mine alone."),
        ("Mine alone.", "secrets of one kind", "partial", "Mine alone."),
        (
            "",
            "",
            "partial",
            "The secrets judged belong to the cardholder data environment or to what is connected to it.",
        ),
        ("", "secrets of one kind", "partial", "Shown only for secrets of one kind."),
    ],
)
def test_a_mapping_without_preconditions_gets_those_of_the_catalogue(
    given: str, scope: str, strength: str, expected: str
) -> None:
    claim = MappingDocument.model_validate(
        {"id": "pci-dss-4.0.1:8.6.3", "strength": strength, "preconditions": given}
    )
    assert Catalogues(problems=[]).mapping(claim, "max-age", scope).preconditions == expected


def test_the_condition_of_a_check_comes_before_that_of_the_framework() -> None:
    claim = MappingDocument.model_validate({"id": "pci-dss-4.0.1:3.7.4", "strength": "partial"})
    assert Catalogues(problems=[]).mapping(claim, "expires", "").preconditions == snapshot(
        "The rule selects keys that protect stored account data. The secrets judged belong to the cardholder data environment or to what is connected to it."
    )
