"""The shipped catalogues: what they hold, and that each framework refuses more than a scan can show."""

from pathlib import Path

import pytest

from keyproof.domain.policy import Strength
from keyproof.errors import PolicyError
from keyproof.policy.catalogue import load_catalogue, shipped_catalogues
from keyproof.policy.claims import over_claim
from keyproof.policy.documents import MappingDocument
from keyproof.policy.loader import load_policy
from keyproof.wiring.catalog import CHECKS

NAMED = {
    "gdpr": "5(2) 25(2) 32(1)(a) 32(1)(b) 32(1)(d) 33",
    "nist-csf-2.0": (
        "GV.PO-01 GV.PO-02 GV.RR-02 ID.AM-01 ID.AM-02 ID.AM-05 ID.AM-07 ID.AM-08 ID.RA-01 ID.IM-01 PR.AA-01 PR.AA-03 "
        "PR.AA-05 PR.DS-01 PR.DS-02 PR.DS-10 PR.DS-11 PR.PS-01 PR.PS-04 PR.PS-06 DE.CM-03 DE.CM-09 RS.MI-01 RS.MI-02"
    ),
    "cis-controls-8.1": "3.3 3.11 3.14 4.7 5.1 5.2 5.3 5.5 6.1 6.2 6.8 8.2 8.5 8.10 8.11 16.8 16.12 17.4",
    "cis-aws-foundations": (
        "v2.0/1.14 v2.0/1.12 v2.0/1.13 v2.0/3.8 v3.0/1.14 v3.0/1.12 v3.0/1.13 v3.0/3.6 "
        "v5.0/1.13 v5.0/1.11 v5.0/1.12 v5.0/3.6 v6.0/2.13 v6.0/2.11 v6.0/2.12 v6.0/4.6"
    ),
    "owasp-nhi-2025": " ".join(f"NHI{number}" for number in range(1, 11)),
}
ALL = sorted(shipped_catalogues())
FULL_FROM = {
    "pci-dss-4.0.1": "3.6.1.2 3.7.4 3.7.5 8.6.2 8.6.3 10.2.1.5",
    "nist-800-53-r5": "AU-11 IA-5c IA-5d IA-5f IA-5(7) SC-28(1)",
    "cis-controls-8.1": "8.10",
    "cis-aws-foundations": (
        "v2.0/1.14 v2.0/1.12 v2.0/3.8 v3.0/1.14 v3.0/1.12 v3.0/3.6 v5.0/1.13 v5.0/1.11 v5.0/3.6 "
        "v6.0/2.13 v6.0/2.11 v6.0/4.6"
    ),
}
"""Controls that some check may show in full, on a stated condition; in every other framework there is none."""
FULL = [(framework, control) for framework, controls in FULL_FROM.items() for control in controls.split()]


def _ceilings(framework: str) -> dict[str, str]:
    found = load_catalogue(shipped_catalogues()[framework]).ceilings
    return {name.partition(":")[2]: ceiling.strongest for name, ceiling in found.items()}


def _load(root: Path, control: str, strength: str, check: str, preconditions: str = "") -> None:
    condition = f", preconditions: {preconditions}" if preconditions else ""
    parameters = {"max-age": "{period: 90d}", "audit-logging": "{retention: 90d}"}[check]
    (root / "p.yaml").write_text(
        "apiVersion: keyproof/v1\nkind: PolicyPack\nmetadata: {id: p, title: P, version: 1.0.0}\nrules:\n"
        f"  - {{id: r, title: R, check: {check}, with: {parameters}, "
        f"controls: [{{id: '{control}', strength: {strength}{condition}}}]}}\n"
    )
    load_policy(["p.yaml"], root=root, checks=CHECKS)


@pytest.mark.parametrize("framework", sorted(NAMED))
def test_a_catalogue_holds_what_the_mapping_names(framework: str) -> None:
    assert set(_ceilings(framework)) == set(NAMED[framework].split())


def test_there_is_a_catalogue_for_each_framework_promised() -> None:
    assert {*NAMED, "soc2", "pci-dss-4.0.1", "iso27001-2022", "hipaa", "nist-800-53-r5"} == set(ALL)


@pytest.mark.parametrize("framework", ALL)
def test_ids_are_unique_and_every_entry_is_told(framework: str) -> None:
    catalogue = load_catalogue(shipped_catalogues()[framework])
    ids = [control.id for control in catalogue.framework.controls]
    assert len(ids) == len(set(ids)) == len(catalogue.ceilings)
    assert all(c.title and c.demands and c.scan_cannot_show for c in catalogue.framework.controls)
    assert all(ceiling.why for ceiling in catalogue.ceilings.values())


@pytest.mark.parametrize("framework", ALL)
def test_no_control_can_be_claimed_in_full_without_a_condition(framework: str) -> None:
    for name, ceiling in load_catalogue(shipped_catalogues()[framework]).ceilings.items():
        claim = MappingDocument.model_validate({"id": name, "strength": Strength.FULL})
        assert all(over_claim(claim, check, ceiling) for check in CHECKS), name


@pytest.mark.parametrize("framework", ALL)
def test_only_these_controls_can_ever_be_full(framework: str) -> None:
    ceilings = load_catalogue(shipped_catalogues()[framework]).ceilings
    full = {name.partition(":")[2] for name, ceiling in ceilings.items() if ceiling.full_from}
    assert full == set(FULL_FROM.get(framework, "").split())


@pytest.mark.parametrize(("framework", "control"), FULL)
def test_full_stands_on_its_check_and_its_condition(framework: str, control: str) -> None:
    ceiling = load_catalogue(shipped_catalogues()[framework]).ceilings[f"{framework}:{control}"]
    bare = MappingDocument.model_validate({"id": f"{framework}:{control}", "strength": "full"})
    stated = bare.model_copy(update={"preconditions": "all of it is in scope"})
    may = {check for check in CHECKS if over_claim(stated, check, ceiling) is None}
    assert may == set(ceiling.full_from)
    assert may <= set(CHECKS)
    assert all(over_claim(bare, check, ceiling) for check in may)


def test_gdpr_evidence_is_always_supporting() -> None:
    assert set(_ceilings("gdpr").values()) == {"supporting", "none"}


def test_what_keyproof_cannot_see_takes_no_evidence() -> None:
    none = {name for name, most in _ceilings("nist-csf-2.0").items() if most == "none"}
    assert none == {"ID.AM-01", "PR.DS-10", "PR.DS-11"}
    assert _ceilings("cis-controls-8.1")["8.11"] == "none"


@pytest.mark.parametrize(
    ("control", "strength", "told"),
    [
        ("soc2:CC6.1", "full", "over-claims soc2:CC6.1"),
        ("gdpr:32(1)(b)", "partial", "over-claims gdpr:32(1)(b)"),
        ("gdpr:33", "supporting", "no rule about secrets can give evidence for gdpr:33"),
        ("hipaa:164.312(a)(2)(iv)", "full", "over-claims hipaa:164.312(a)(2)(iv)"),
        ("iso27001-2022:A.5.17", "full", "over-claims iso27001-2022:A.5.17"),
        ("nist-csf-2.0:PR.AA-01", "full", "over-claims nist-csf-2.0:PR.AA-01"),
        ("owasp-nhi-2025:NHI7", "full", "over-claims owasp-nhi-2025:NHI7"),
        ("pci-dss-4.0.1:8.3.9", "supporting", "can give evidence for pci-dss-4.0.1:8.3.9"),
        ("pci-dss-4.0.1:8.6.3", "full", "pci-dss-4.0.1:8.6.3 is fully shown only on a condition"),
        ("nist-800-53-r5:IA-5f", "full", "nist-800-53-r5:IA-5f is fully shown only on a condition"),
        ("cis-aws-foundations:v6.0/2.13", "full", "v6.0/2.13 is fully shown only on a condition"),
        ("cis-controls-8.1:8.10", "full", "cis-controls-8.1:8.10 cannot be fully shown by max-age"),
        ("cis-aws-foundations:v6.0/1.14", "partial", "there is no control 'cis-aws-foundations:v6.0/1.14'"),
    ],
)
def test_an_over_claim_in_a_pack_is_an_error(tmp_path: Path, control: str, strength: str, told: str) -> None:
    with pytest.raises(PolicyError) as caught:
        _load(tmp_path, control, strength, "max-age")
    assert told in "\n".join(map(str, caught.value.problems))


@pytest.mark.parametrize(
    ("control", "strength", "check", "preconditions"),
    [
        ("soc2:CC6.1", "partial", "max-age", ""),
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
