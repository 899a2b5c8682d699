"""Every mapping of every shipped pack: to a control that exists, no stronger than its check, and where it holds."""

from collections import defaultdict
from pathlib import Path

import pytest

from keyproof.domain.policy import ControlMapping, PolicyPack, Rule, Strength
from keyproof.policy.catalogue import load_catalogue, shipped_catalogues
from keyproof.policy.claims import RANK, Ceiling
from keyproof.policy.files import shipped_packs
from keyproof.policy.loader import load_policy
from keyproof.wiring.catalog import CHECKS

GENERAL = {
    "soc2", "iso27001-2022", "gdpr", "nist-800-53-r5", "nist-csf-2.0", "cis-controls-8.1", "owasp-nhi-2025",
}  # fmt: skip
"""Frameworks that are about every secret of an organisation."""
MAPPED = {
    "baseline": GENERAL,
    "leaks": GENERAL,
    "soc2": GENERAL,
    "iso27001-2022": GENERAL,
    "pci-dss-4.0.1": GENERAL | {"pci-dss-4.0.1"},
    "hipaa": GENERAL | {"hipaa"},
    "cis-aws-foundations": {"cis-aws-foundations"},
}
"""Pack → the frameworks its rules map to. PCI DSS and HIPAA are about a part of an organisation's secrets only, so that
a pack about all of them would report failures that are none; the pack for the CIS AWS benchmark judges IAM users
and KMS keys alone."""


def _packs() -> dict[str, PolicyPack]:
    return {
        pack.id: pack
        for name in shipped_packs()
        for pack in load_policy([name], root=Path.cwd(), checks=CHECKS).packs
    }


PACKS = _packs()
CEILINGS: dict[str, Ceiling] = {
    name: ceiling
    for path in shipped_catalogues().values()
    for name, ceiling in load_catalogue(path).ceilings.items()
}
RULES = [(pack, rule) for pack in PACKS.values() for rule in pack.rules]
EDGES = [(pack, rule, edge) for pack, rule in RULES for edge in rule.controls]
SHIPPED = [(pack, rule, edge) for pack, rule, edge in EDGES if pack.id in MAPPED]


def _named(told: list[tuple[PolicyPack, Rule, ControlMapping]]) -> list[str]:
    return [f"{pack.id}/{rule.id} {edge.id}" for pack, rule, edge in told]


def test_the_packs_meant_here_are_those_beside_the_examples() -> None:
    assert set(MAPPED) == {name for name, path in shipped_packs().items() if path.parent.name == "packs"}


def test_every_edge_points_to_a_control_of_a_catalogue() -> None:
    assert EDGES
    assert _named([one for one in EDGES if one[2].id not in CEILINGS]) == []


def test_no_rule_names_a_control_twice() -> None:
    ids = [(rule, [edge.id for edge in rule.controls]) for _, rule in RULES]
    assert [rule.id for rule, found in ids if len(found) != len(set(found))] == []


def test_no_edge_is_stronger_than_what_its_check_can_show() -> None:
    def most(rule: Rule, edge: ControlMapping) -> int:
        showing = CEILINGS[edge.id].evidence.get(rule.check.kind)
        return RANK[showing.strength] if showing else RANK[Strength.SUPPORTING]

    assert _named([one for one in EDGES if RANK[one[2].strength] > most(one[1], one[2])]) == []


def test_no_full_edge_stands_without_its_precondition() -> None:
    full = [one for one in EDGES if one[2].strength is Strength.FULL]
    assert _named([one for one in full if not one[2].preconditions]) == []


def test_every_edge_of_a_pack_is_one_that_the_catalogue_gives_a_reason_for() -> None:
    unknown = [one for one in SHIPPED if one[1].check.kind not in CEILINGS[one[2].id].evidence]
    assert _named(unknown) == []


def test_a_rule_without_an_edge_is_the_one_about_classes() -> None:
    assert {rule.id for pack, rule in RULES if pack.id in MAPPED and not rule.controls} <= {"unclassified"}


@pytest.mark.parametrize("name", sorted(MAPPED))
def test_a_pack_maps_to_every_framework_that_its_secrets_concern(name: str) -> None:
    mapped = {edge.id.partition(":")[0] for pack, _, edge in SHIPPED if pack.id == name}
    assert mapped == MAPPED[name]


@pytest.mark.parametrize("name", sorted(set(MAPPED) - {"cis-aws-foundations"}))
def test_every_rule_of_a_pack_maps_to_the_frameworks_that_ask_for_it(name: str) -> None:
    """Every rule is evidence for SOC 2 and SP 800-53 and, unless only people can do it, for ISO 27001 and the CSF.

    The pack for the CIS AWS benchmark is for that alone: what it judges the baseline judges, too.
    """
    for rule in PACKS[name].rules:
        frameworks = {edge.id.partition(":")[0] for edge in rule.controls}
        expected = {"soc2", "iso27001-2022", "nist-800-53-r5"} | (
            {"nist-csf-2.0"} if rule.check.kind not in ("attested", "storage") else set()
        )
        assert not rule.controls or frameworks >= expected, rule.id


@pytest.mark.parametrize("name", ["pci-dss-4.0.1", "hipaa"])
def test_what_a_pack_about_some_secrets_shows_of_a_control_holds_for_these(name: str) -> None:
    edges = [edge for pack, _, edge in SHIPPED if pack.id == name]
    assert [edge.id for edge in edges if not edge.preconditions] == []
    scoped = [edge for edge in edges if "Shown only for secrets" in edge.preconditions]
    assert len(scoped) > len(edges) / 2  # the others state a condition of their own


def test_rules_of_the_same_check_and_control_say_the_same_strength_in_every_pack() -> None:
    strengths: dict[tuple[str, str], set[Strength]] = defaultdict(set)
    for _, rule, edge in SHIPPED:
        strengths[rule.id, edge.id].add(edge.strength)
    assert {key: found for key, found in strengths.items() if len(found) > 1} == {}


def test_a_period_set_by_the_organisation_is_a_condition_wherever_a_period_is_claimed() -> None:
    aged = [one for one in SHIPPED if one[1].check.kind == "max-age" and one[2].strength is Strength.PARTIAL]
    assert _named([one for one in aged if not one[2].preconditions]) == []
