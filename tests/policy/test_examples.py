"""The packs of the five example organisations and of two frameworks, as wholes; their cases are in their own tests."""

from functools import cache
from pathlib import Path

import pytest

from keyproof import resources
from keyproof.domain.policy import Policy
from keyproof.domain.secret import SecretMetadata, SubjectKind
from keyproof.policy.catalogue import shipped_catalogues
from keyproof.policy.lint import lint
from keyproof.policy.loader import load_policy
from keyproof.wiring.catalog import CHECKS
from tests.policy.example_suites import EXAMPLES


@cache
def _load(name: str, *, waivers: tuple[str, ...] = ()) -> Policy:
    return load_policy([name], root=Path.cwd(), checks=CHECKS, waivers=waivers)


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_example_loads_with_the_real_checks_and_leaves_no_doubt(name: str) -> None:
    policy = _load(name)
    assert lint(policy) == ()
    assert {framework.id for framework in policy.frameworks} <= set(shipped_catalogues())


@pytest.mark.parametrize("pack", EXAMPLES)
def test_every_attested_duty_has_a_frequency(pack: str) -> None:
    duties = [rule for rule in _load(pack).packs[0].rules if rule.check.kind == "attested"]
    assert duties
    assert all(getattr(rule.check, "every", None) for rule in duties)
    assert all(rule.check.subjects == frozenset({SubjectKind.DOCUMENT}) for rule in duties)


@pytest.mark.parametrize(
    ("pack", "waiver"), [("management-app", "database-freeze"), ("content-platform", "crm-vendor-freeze")]
)
def test_the_sample_waivers_load(pack: str, waiver: str) -> None:
    file = str(resources.policies() / "examples" / pack / "waivers.yaml")
    assert [one.id for one in _load(pack, waivers=(file,)).waivers] == [waiver]


def test_hipaa_rules_judge_only_what_is_marked_as_opening_health_information() -> None:
    pack = _load("hipaa").packs[0]
    outside = SecretMetadata(
        id="vault://case/database-password",
        name="database-password",
        source="vault",
        backend="vault",
        scope="vault",
        environment="production",
    )
    judged = {
        rule.id
        for rule in pack.rules
        if outside.kind in rule.check.subjects and rule.selector.matches(outside, "")
    }
    assert (pack.class_of(outside), judged) == (None, set())


@pytest.mark.parametrize("name", ["iso27001-2022", "hipaa"])
def test_a_framework_pack_maps_each_of_its_own_rules_to_its_framework(name: str) -> None:
    rules = [rule for rule in _load(name).packs[0].rules if rule.place and name in rule.place.path]
    assert rules
    assert all(any(claim.id.startswith(f"{name}:") for claim in rule.controls) for rule in rules)
