"""Control catalogues: complete, in order, and strict about what may be claimed."""

from pathlib import Path

import pytest
from inline_snapshot import snapshot

from keyproof.domain.policy import Strength
from keyproof.errors import PolicyError
from keyproof.policy.catalogue import load_catalogue, shipped_catalogues
from keyproof.policy.claims import Ceiling, over_claim
from keyproof.policy.documents import MappingDocument

NAMED_BY_THE_MAPPING = {
    "soc2": "CC2.1 CC4.2 CC5.3 CC6.1 CC6.2 CC6.3 CC6.7 CC7.1 CC7.2 CC7.3 CC7.4 CC8.1",
    "pci-dss-4.0.1": (
        "2.2.2 3.6.1.1 3.6.1.2 3.6.1.3 3.6.1.4 3.7.1 3.7.3 3.7.4 3.7.5 6.2.4 6.5.3 6.5.4 7.2.2 7.2.4 7.2.5 7.2.5.1 "
        "8.2.2 8.2.6 8.3.2 8.3.6 8.3.9 8.6.2 8.6.3 10.2.1 10.2.1.5 10.4.1 10.5.1 12.1.2 12.5.1 12.10.1"
    ),
    "iso27001-2022": (
        "A.5.1 A.5.3 A.5.9 A.5.12 A.5.13 A.5.15 A.5.16 A.5.17 A.5.18 A.5.26 A.5.36 A.8.2 A.8.3 A.8.4 A.8.9 A.8.12 "
        "A.8.15 A.8.16 A.8.24 A.8.28 A.8.31"
    ),
    "hipaa": (
        "164.308(a)(1)(ii)(D) 164.308(a)(2) 164.308(a)(3)(ii)(C) 164.308(a)(4)(ii)(B) 164.308(a)(4)(ii)(C) "
        "164.308(a)(5)(ii)(D) 164.308(a)(6)(ii) 164.312(a)(1) 164.312(a)(2)(iv) 164.312(b) 164.316(b)(2)(iii)"
    ),
    "nist-800-53-r5": (
        "AC-2(1) AC-2(3) AC-2j AC-3 AC-5 AC-6 AC-6(7) AU-2 AU-6 AU-11 AU-12 CA-5 CM-5 CM-8 CM-8(3) IA-4 IA-5c IA-5d "
        "IA-5e IA-5f IA-5g IA-5(1) IA-5(6) IA-5(7) IA-5(8) IR-4 RA-2 RA-7 SA-11 SC-12 SC-13 SC-28 SC-28(1)"
    ),
}


@pytest.mark.parametrize("framework", sorted(NAMED_BY_THE_MAPPING))
def test_every_control_of_the_mapping_is_described(framework: str) -> None:
    catalogue = load_catalogue(shipped_catalogues()[framework])
    ids = {control.id.partition(":")[2] for control in catalogue.framework.controls}
    assert ids == set(NAMED_BY_THE_MAPPING[framework].split())
    assert all(
        control.title and control.demands and control.scan_cannot_show
        for control in catalogue.framework.controls
    )


@pytest.mark.parametrize("framework", sorted(NAMED_BY_THE_MAPPING))
def test_a_ceiling_says_why(framework: str) -> None:
    catalogue = load_catalogue(shipped_catalogues()[framework])
    assert all(ceiling.why for ceiling in catalogue.ceilings.values())


def test_no_soc2_criterion_can_be_fully_shown() -> None:
    ceilings = load_catalogue(shipped_catalogues()["soc2"]).ceilings.values()
    assert {ceiling.strongest for ceiling in ceilings} == {"partial", "supporting"}
    assert not any(ceiling.full_from for ceiling in ceilings)


def test_controls_about_people_take_no_evidence_from_secrets_of_services() -> None:
    ceilings = load_catalogue(shipped_catalogues()["pci-dss-4.0.1"]).ceilings
    none = {name for name, ceiling in ceilings.items() if ceiling.strongest == "none"}
    assert none == {f"pci-dss-4.0.1:{number}" for number in ("8.2.6", "8.3.6", "8.3.9", "10.4.1")}


def test_a_broken_catalogue_is_refused(tmp_path: Path) -> None:
    entry = "{id: A, title: T, demands: D, scan-cannot-show: S}"
    path = tmp_path / "mine.yaml"
    path.write_text(
        "apiVersion: keyproof/v1\nkind: ControlCatalogue\nmetadata: {id: other, title: T, edition: E}\n"
        f"controls: [{entry}, {entry}]\n"
    )
    with pytest.raises(PolicyError) as caught:
        load_catalogue(path)
    assert "\n".join(map(str, caught.value.problems)) == snapshot("""\
policies/controls/mine.yaml:3:16: the id 'other' is not the file's name; write 'mine'
policies/controls/mine.yaml:4:69: the control 'A' stands twice; keep one\
""")


@pytest.mark.parametrize(
    ("strength", "preconditions", "check", "refused"),
    [
        (Strength.SUPPORTING, "", "max-age", False),
        (Strength.PARTIAL, "", "no-leak", False),
        (Strength.FULL, "All of them.", "max-age", False),
        (Strength.FULL, "", "max-age", True),
        (Strength.FULL, "All of them.", "no-leak", True),
    ],
)
def test_full_needs_the_right_check_and_its_precondition(
    strength: Strength, preconditions: str, check: str, refused: bool
) -> None:
    ceiling = Ceiling(strongest="partial", why="more is asked", full_from={"max-age": "all of them"})
    claim = MappingDocument.model_validate(
        {"id": "x:1", "strength": strength, "preconditions": preconditions}
    )
    assert (over_claim(claim, check, ceiling) is not None) is refused


@pytest.mark.parametrize("strongest", ["none", *Strength])
@pytest.mark.parametrize("strength", list(Strength))
def test_nothing_above_the_ceiling_passes(strongest: str, strength: Strength) -> None:
    order = ["none", Strength.SUPPORTING, Strength.PARTIAL, Strength.FULL]
    claim = MappingDocument.model_validate({"id": "x:1", "strength": strength})
    refused = over_claim(claim, "max-age", Ceiling(strongest=strongest, why="", full_from={})) is not None
    assert refused is (order.index(strength) > order.index(strongest))
