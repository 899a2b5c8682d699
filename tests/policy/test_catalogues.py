"""The shipped catalogues: which controls they hold, and that each refuses more than a scan can show."""

import re
from pathlib import Path

import pytest

from keyproof.domain.policy import Strength
from keyproof.errors import PolicyError
from keyproof.policy.catalogue import load_catalogue, shipped_catalogues
from keyproof.policy.claims import Ceiling, over_claim
from keyproof.policy.documents import MappingDocument
from keyproof.policy.loader import load_policy
from keyproof.wiring.catalog import CHECKS

ISO = (
    "5.1 5.2 5.3 5.9 5.12 5.13 5.15 5.16 5.17 5.18 5.23 5.24 5.25 5.26 5.27 5.28 5.33 5.36 8.2 8.3 8.4 8.5 8.8 8.9 "
    "8.12 8.13 8.15 8.16 8.24 8.25 8.28 8.29 8.31"
)
AWS = {
    "2.0": "1.14 1.12 1.4 1.8 1.9 1.13 3.8",
    "3.0": "1.14 1.12 1.4 1.8 1.9 1.13 3.6",
    "4.0": "1.14 1.12 1.4 1.8 1.9 1.13 3.6",
    "5.0": "1.13 1.11 1.3 1.7 1.8 1.12 3.6",
    "6.0": "2.13 2.11 2.3 2.7 2.8 2.12 4.6",
    "7.0": "2.12 2.11 2.4 2.8 2.9 4.6",
}
"""Version → the numbers of: keys of 90 days, unused for 45 days, the root user's keys, length and memory of the password
policy, one active key (gone in 7.0), rotation in KMS."""
NAMED = {
    "soc2": (
        "CC2.1 CC4.1 CC4.2 CC5.2 CC5.3 CC6.1 CC6.2 CC6.3 CC6.6 CC6.7 CC6.8 CC7.1 CC7.2 CC7.3 CC7.4 CC7.5 CC8.1 CC9.2 C1.1"
    ),
    "pci-dss-4.0.1": (
        "2.2.2 3.6.1 3.6.1.1 3.6.1.2 3.6.1.3 3.6.1.4 3.7.1 3.7.2 3.7.3 3.7.4 3.7.5 3.7.6 3.7.7 3.7.8 3.7.9 6.2.1 6.2.3 "
        "6.2.4 6.3.1 6.5.3 6.5.4 6.5.6 7.2.1 7.2.2 7.2.3 7.2.4 7.2.5 7.2.5.1 8.2.1 8.2.2 8.2.6 8.3.2 8.3.6 8.3.9 8.3.10.1 "
        "8.6.1 8.6.2 8.6.3 10.2.1 10.2.1.2 10.2.1.5 10.2.2 10.3.1 10.3.2 10.3.3 10.3.4 10.4.1 10.4.1.1 10.4.2 10.5.1 "
        "12.1.2 12.3.1 12.3.3 12.5.1 12.10.1"
    ),
    "iso27001-2022": " ".join(f"A.{number}" for number in ISO.split()),
    "hipaa": (
        "164.308(a)(1)(ii)(D) 164.308(a)(2) 164.308(a)(3)(ii)(C) 164.308(a)(4)(ii)(B) 164.308(a)(4)(ii)(C) "
        "164.308(a)(5)(ii)(C) 164.308(a)(5)(ii)(D) 164.308(a)(6)(ii) 164.308(a)(8) 164.312(a)(1) 164.312(a)(2)(i) "
        "164.312(a)(2)(iv) 164.312(b) 164.312(d) 164.312(e)(2)(ii) 164.316(b)(2)(i) 164.316(b)(2)(iii)"
    ),
    "gdpr": "5(2) 25(2) 32(1)(a) 32(1)(b) 32(1)(d) 33",
    "nist-800-53-r5": (
        "AC-2j AC-2(1) AC-2(3) AC-2(4) AC-2(13) AC-3 AC-5 AC-6 AC-6(1) AC-6(5) AC-6(7) AC-6(9) AC-6(10) AU-2 AU-3 AU-6 "
        "AU-9 AU-11 AU-12 CA-2 CA-5 CA-7 CM-2 CM-3 CM-5 CM-6 CM-8 CM-8(3) IA-4 IA-5b IA-5c IA-5d IA-5e IA-5f IA-5g IA-5i "
        "IA-5(1) IA-5(2) IA-5(5) IA-5(6) IA-5(7) IA-5(8) IA-5(13) IA-5(18) IA-9 IR-4 IR-6 PS-4 PS-5 RA-2 RA-5 RA-7 SA-11 "
        "SC-8 SC-12 SC-12(1) SC-12(2) SC-12(3) SC-13 SC-28 SC-28(1) SI-4 SI-12"
    ),
    "nist-csf-2.0": (
        "GV.PO-01 GV.PO-02 GV.RR-02 ID.AM-01 ID.AM-02 ID.AM-05 ID.AM-07 ID.AM-08 ID.RA-01 ID.IM-01 PR.AA-01 PR.AA-03 "
        "PR.AA-05 PR.DS-01 PR.DS-02 PR.DS-10 PR.DS-11 PR.PS-01 PR.PS-04 PR.PS-06 DE.CM-03 DE.CM-09 RS.MI-01 RS.MI-02"
    ),
    "cis-controls-8.1": "3.3 3.10 3.11 3.14 4.7 5.1 5.2 5.3 5.5 6.1 6.2 6.8 8.2 8.5 8.10 8.11 16.8 16.12 17.4",
    "cis-aws-foundations": " ".join(
        f"v{version}/{number}" for version, numbers in AWS.items() for number in numbers.split()
    ),
    "owasp-nhi-2025": " ".join(f"NHI{number}" for number in range(1, 11)),
}
"""Framework → every control that what the standard demands of secrets is about; kept apart from the files."""
GRAMMAR = {
    "soc2": r"(CC\d|A\d|C\d|PI\d|P\d)\.\d+",
    "pci-dss-4.0.1": r"\d{1,2}(\.\d{1,2}){2,3}",
    "iso27001-2022": r"A\.[5-8]\.\d{1,2}",
    "hipaa": r"164\.3\d\d(\([a-z]\))(\(\d\))?(\([ivx]+\))?(\([A-D]\))?",
    "gdpr": r"\d{1,2}(\(\d\)(\([a-f]\))?)?",
    "nist-800-53-r5": r"[A-Z]{2}-\d{1,2}([a-z]|\(\d{1,2}\))?",
    "nist-csf-2.0": r"(GV|ID|PR|DE|RS|RC)\.[A-Z]{2}-\d\d",
    "cis-controls-8.1": r"([1-9]|1[0-8])\.\d{1,2}",
    "cis-aws-foundations": r"v\d\.0/\d\.\d{1,2}",
    "owasp-nhi-2025": r"NHI([1-9]|10)",
}
FULL_FROM = {
    "pci-dss-4.0.1": {
        "3.6.1.2": "storage encrypted",
        "3.7.4": "max-age",
        "3.7.5": "rotated-after-leak",
        "8.6.2": "no-leak",
        "8.6.3": "max-age rotated-after-leak strength",
        "10.2.1.5": "audit-logging",
    },
    "nist-800-53-r5": {
        "AU-11": "audit-logging",
        "IA-5c": "strength key-strength",
        "IA-5d": "rotated-after-leak",
        "IA-5f": "max-age rotated-after-leak",
        "IA-5(7)": "no-leak storage",
        "SC-28(1)": "encrypted",
    },
    "cis-controls-8.1": {"8.10": "audit-logging"},
    "cis-aws-foundations": {
        f"v{version}/{number}": check
        for version, numbers in AWS.items()
        for number, check in zip(
            [*numbers.split()[:5], numbers.split()[-1]],
            ["max-age", "unused", "naming", "strength", "strength", "rotation-enabled"],
            strict=True,
        )
    },
}
"""Controls that a check may show in full, on a stated condition; in every other framework there is none."""
NONE = {
    "soc2": "CC6.8",
    "pci-dss-4.0.1": "8.2.1 8.2.6 8.3.6 8.3.9 8.3.10.1",
    "gdpr": "33",
    "nist-800-53-r5": "IA-5(13)",
    "nist-csf-2.0": "ID.AM-01 PR.DS-10 PR.DS-11",
}
"""Controls of which secrets of services show nothing, so that no rule may name them."""
ONLY_ATTESTED = {
    "soc2": "CC7.5",
    "pci-dss-4.0.1": "3.7.6 3.7.8 3.7.9 10.3.1 10.3.2 10.3.4 10.4.1 10.4.1.1 10.4.2 12.3.1",
    "iso27001-2022": "A.5.24 A.5.27 A.8.13",
    "hipaa": "164.316(b)(2)(i)",
    "nist-800-53-r5": "AC-2(13) AU-6 IR-6 SC-12(1)",
    "cis-controls-8.1": "8.11",
}
"""Controls that a person attests; what a scan sees is no evidence."""
ALL = sorted(shipped_catalogues())
EDGES = [
    (framework, name.partition(":")[2], check)
    for framework in ALL
    for name, ceiling in load_catalogue(shipped_catalogues()[framework]).ceilings.items()
    for check in ceiling.evidence
]


def _ceilings(framework: str) -> dict[str, Ceiling]:
    found = load_catalogue(shipped_catalogues()[framework]).ceilings
    return {name.partition(":")[2]: ceiling for name, ceiling in found.items()}


def _where(listed: dict[str, str]) -> dict[str, set[str]]:
    return {framework: set(listed.get(framework, "").split()) for framework in ALL}


def _claim(framework: str, control: str, strength: str, preconditions: str = "") -> MappingDocument:
    return MappingDocument.model_validate(
        {"id": f"{framework}:{control}", "strength": strength, "preconditions": preconditions}
    )


def _load(root: Path, control: str, strength: str, check: str, preconditions: str = "") -> None:
    condition = f", preconditions: {preconditions}" if preconditions else ""
    parameters = {"max-age": "{period: 90d}", "audit-logging": "{retention: 90d}", "naming": "{glob: '*'}"}[
        check
    ]
    (root / "p.yaml").write_text(
        "apiVersion: keyproof/v1\nkind: PolicyPack\nmetadata: {id: p, title: P, version: 1.0.0}\nrules:\n"
        f"  - {{id: r, title: R, check: {check}, with: {parameters}, "
        f"controls: [{{id: '{control}', strength: {strength}{condition}}}]}}\n"
    )
    load_policy(["p.yaml"], root=root, checks=CHECKS)


def test_there_is_a_catalogue_for_each_framework_promised() -> None:
    assert set(NAMED) == set(GRAMMAR) == set(ALL)


@pytest.mark.parametrize("framework", sorted(NAMED))
def test_a_catalogue_holds_every_control_that_is_about_secrets_and_no_other(framework: str) -> None:
    assert set(_ceilings(framework)) == set(NAMED[framework].split())


@pytest.mark.parametrize("framework", ALL)
def test_ids_are_those_of_the_standard(framework: str) -> None:
    assert [name for name in _ceilings(framework) if not re.fullmatch(GRAMMAR[framework], name)] == []


@pytest.mark.parametrize("framework", ALL)
def test_ids_are_unique_and_every_entry_is_told(framework: str) -> None:
    catalogue = load_catalogue(shipped_catalogues()[framework])
    ids = [control.id for control in catalogue.framework.controls]
    assert len(ids) == len(set(ids)) == len(catalogue.ceilings)
    assert all(c.title and c.demands and c.scan_cannot_show for c in catalogue.framework.controls)
    assert all(ceiling.why for ceiling in catalogue.ceilings.values())


def test_evidence_names_checks_that_exist() -> None:
    assert {check for _, _, check in EDGES} == set(CHECKS)


@pytest.mark.parametrize("framework", ALL)
def test_what_secrets_show_nothing_of_takes_no_rule(framework: str) -> None:
    ceilings = _ceilings(framework)
    none = {name for name, ceiling in ceilings.items() if ceiling.strongest == "none"}
    assert none == _where(NONE)[framework]
    for name in none:
        assert all(
            over_claim(_claim(framework, name, "supporting"), check, ceilings[name]) for check in CHECKS
        )


@pytest.mark.parametrize("framework", ALL)
def test_what_people_do_is_attested(framework: str) -> None:
    attested = {
        name for name, ceiling in _ceilings(framework).items() if set(ceiling.evidence) == {"attested"}
    }
    assert attested == _where(ONLY_ATTESTED)[framework]


def test_an_attestation_is_never_more_than_a_support() -> None:
    for framework in ALL:
        for name, ceiling in _ceilings(framework).items():
            for strength in ("partial", "full"):
                assert over_claim(_claim(framework, name, strength, "It is."), "attested", ceiling), name


@pytest.mark.parametrize("framework", ALL)
def test_only_these_checks_can_ever_show_these_controls_in_full(framework: str) -> None:
    found = {
        name: {
            check
            for check in CHECKS
            if not over_claim(_claim(framework, name, "full", "It is."), check, ceiling)
        }
        for name, ceiling in _ceilings(framework).items()
    }
    listed = {name: set(checks.split()) for name, checks in FULL_FROM.get(framework, {}).items()}
    assert {name: checks for name, checks in found.items() if checks} == listed


@pytest.mark.parametrize("framework", ALL)
def test_no_control_can_be_claimed_in_full_without_a_condition(framework: str) -> None:
    for name, ceiling in _ceilings(framework).items():
        assert all(over_claim(_claim(framework, name, "full"), check, ceiling) for check in CHECKS), name
        assert all(showing.when for showing in ceiling.evidence.values() if showing.strength is Strength.FULL)


@pytest.mark.parametrize(("framework", "control", "check"), EDGES)
def test_an_edge_can_be_claimed_as_strong_as_it_is_and_no_stronger(
    framework: str, control: str, check: str
) -> None:
    ceiling = _ceilings(framework)[control]
    shown = ceiling.evidence[check].strength
    order = [Strength.SUPPORTING, Strength.PARTIAL, Strength.FULL]
    accepted = [
        strength
        for strength in order
        if over_claim(_claim(framework, control, strength, "It is."), check, ceiling) is None
    ]
    assert accepted == order[: order.index(shown) + 1]


@pytest.mark.parametrize(
    "framework", ["soc2", "gdpr", "hipaa", "iso27001-2022", "nist-csf-2.0", "owasp-nhi-2025"]
)
def test_a_framework_about_management_or_risk_is_never_shown_in_full(framework: str) -> None:
    shown = {e.strength for ceiling in _ceilings(framework).values() for e in ceiling.evidence.values()}
    assert Strength.FULL not in shown
    if framework == "gdpr":
        assert shown == {Strength.SUPPORTING}


@pytest.mark.parametrize("framework", ["pci-dss-4.0.1", "hipaa", "gdpr", "cis-aws-foundations"])
def test_a_framework_that_is_not_about_every_secret_says_which(framework: str) -> None:
    assert all(ceiling.when for ceiling in _ceilings(framework).values())


@pytest.mark.parametrize(
    ("control", "strength", "check", "told"),
    [
        ("soc2:CC6.1", "full", "max-age", "full over-claims soc2:CC6.1"),
        ("soc2:CC8.1", "partial", "max-age", "partial over-claims soc2:CC8.1"),
        ("soc2:CC7.4", "partial", "naming", "for a rule with naming, which can only support it"),
        ("soc2:CC6.8", "supporting", "max-age", "no rule about secrets can give evidence for soc2:CC6.8"),
        ("gdpr:32(1)(b)", "partial", "max-age", "partial over-claims gdpr:32(1)(b)"),
        ("gdpr:33", "supporting", "max-age", "no rule about secrets can give evidence for gdpr:33"),
        ("hipaa:164.312(a)(2)(iv)", "full", "max-age", "full over-claims hipaa:164.312(a)(2)(iv)"),
        ("hipaa:164.312(a)(2)(iv)", "partial", "max-age", "partial over-claims hipaa:164.312(a)(2)(iv)"),
        ("iso27001-2022:A.5.17", "full", "max-age", "full over-claims iso27001-2022:A.5.17"),
        ("iso27001-2022:A.8.15", "partial", "max-age", "partial over-claims iso27001-2022:A.8.15"),
        ("nist-csf-2.0:PR.AA-01", "full", "max-age", "full over-claims nist-csf-2.0:PR.AA-01"),
        ("nist-csf-2.0:PR.DS-11", "supporting", "max-age", "can give evidence for nist-csf-2.0:PR.DS-11"),
        ("owasp-nhi-2025:NHI7", "full", "max-age", "full over-claims owasp-nhi-2025:NHI7"),
        ("owasp-nhi-2025:NHI2", "partial", "max-age", "partial over-claims owasp-nhi-2025:NHI2"),
        ("pci-dss-4.0.1:8.3.9", "supporting", "max-age", "can give evidence for pci-dss-4.0.1:8.3.9"),
        ("pci-dss-4.0.1:8.3.10.1", "supporting", "max-age", "can give evidence for pci-dss-4.0.1:8.3.10.1"),
        ("pci-dss-4.0.1:8.6.3", "full", "max-age", "pci-dss-4.0.1:8.6.3 is fully shown only on a condition"),
        ("pci-dss-4.0.1:8.6.2", "full", "max-age", "pci-dss-4.0.1:8.6.2 cannot be fully shown by max-age"),
        (
            "nist-800-53-r5:IA-5f",
            "full",
            "max-age",
            "nist-800-53-r5:IA-5f is fully shown only on a condition",
        ),
        ("nist-800-53-r5:SC-28(1)", "full", "max-age", "SC-28(1) cannot be fully shown by max-age"),
        ("cis-aws-foundations:v6.0/2.13", "full", "max-age", "v6.0/2.13 is fully shown only on a condition"),
        (
            "cis-controls-8.1:8.10",
            "full",
            "max-age",
            "cis-controls-8.1:8.10 cannot be fully shown by max-age",
        ),
        ("cis-aws-foundations:v6.0/1.14", "partial", "max-age", "no control 'cis-aws-foundations:v6.0/1.14'"),
    ],
)
def test_an_over_claim_in_a_pack_is_an_error(
    tmp_path: Path, control: str, strength: str, check: str, told: str
) -> None:
    with pytest.raises(PolicyError) as caught:
        _load(tmp_path, control, strength, check)
    assert told in "\n".join(map(str, caught.value.problems))


@pytest.mark.parametrize(
    ("control", "strength", "check", "preconditions"),
    [
        ("soc2:CC6.1", "partial", "max-age", ""),
        ("soc2:CC7.4", "supporting", "naming", ""),
        ("gdpr:32(1)(b)", "supporting", "max-age", ""),
        ("pci-dss-4.0.1:8.6.3", "full", "max-age", "the period is that of the risk analysis"),
        ("cis-aws-foundations:v5.0/1.13", "full", "max-age", "every access key is read"),
        ("cis-controls-8.1:8.10", "full", "audit-logging", "every backend is read"),
    ],
)
def test_what_may_be_claimed_loads(
    tmp_path: Path, control: str, strength: str, check: str, preconditions: str
) -> None:
    _load(tmp_path, control, strength, check, preconditions)


@pytest.mark.parametrize("framework", ALL)
def test_reports_know_which_controls_are_closed_to_rules(framework: str) -> None:
    controls = load_catalogue(shipped_catalogues()[framework]).framework.controls
    assert {c.id.partition(":")[2] for c in controls if c.closed} == _where(NONE)[framework]
    assert all(c.why_no_more for c in controls)
