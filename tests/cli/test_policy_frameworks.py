"""`keyproof policy list --framework` and `policy explain CONTROL`: which rule is evidence for what."""

from pathlib import Path

import pytest
from inline_snapshot import snapshot

from keyproof.policy.catalogue import shipped_catalogues
from tests.cli.conftest import POLICY, Keyproof

MAPPED = POLICY.replace(
    "with: {period: 90d}",
    'with: {period: 90d}, controls: [{id: "soc2:CC6.1", strength: partial}, {id: "gdpr:32(1)(b)", strength: supporting}]',
)


def _map(project: Path) -> None:
    (project / "policy.yaml").write_text(MAPPED, encoding="utf-8")


def test_a_framework_is_listed_with_the_rules_for_each_control(project: Path, keyproof: Keyproof) -> None:
    _map(project)
    result = keyproof("policy", "list", "--framework", "gdpr")
    assert result.code == 0
    assert result.out == snapshot("""\
gdpr: General Data Protection Regulation, Regulation (EU) 2016/679
  rules give evidence for 1 of 6 controls
  5(2)         Accountability
    no rule; can be shown by required-metadata (supporting), inventory-drift (supporting), policy-review (supporting)
  25(2)        Data protection by default
    no rule; can be shown by access (supporting)
  32(1)(a)     Pseudonymisation and encryption
    no rule; can be shown by encrypted (supporting), storage (supporting), transport (supporting), key-strength (supporting)
  32(1)(b)     Lasting confidentiality and resilience
    supporting  house/age (max-age); The secrets judged open systems with personal data or protect such data.
  32(1)(d)     Regular testing of the measures
    no rule; can be shown by audit-logging (supporting), policy-review (supporting), attested (supporting)
  33           Notice to the authority within 72 hours
    no rule can show it: a leaked secret may start the clock; whether it does, and whether notice was given, people know
""")


def test_what_no_rule_can_show_is_told_with_the_reason(project: Path, keyproof: Keyproof) -> None:
    result = keyproof("policy", "list", "--framework", "soc2")
    assert "rules give evidence for 0 of 19 controls" in result.out
    assert "no rule can show it: it concerns software that should not run" in result.out
    assert "no rule; can be shown by attested (supporting)" in result.out


def test_every_framework_can_be_asked_for_at_once(project: Path, keyproof: Keyproof) -> None:
    (project / "keyproof.yaml").unlink()
    out = keyproof("policy", "list", "--framework", "all").out
    titles = [line.partition(":")[0] for line in out.splitlines() if line[:1].isalpha()]
    assert titles == sorted(shipped_catalogues())
    assert "baseline/credential-rotation (max-age, also in iso27001-2022, soc2)" in out


def test_the_frameworks_of_the_configuration_do_not_hide_the_one_asked_for(
    project: Path, keyproof: Keyproof
) -> None:
    _map(project)
    with (project / "keyproof.yaml").open("a", encoding="utf-8") as file:
        file.write("frameworks: [soc2]\n")
    assert "house/age (max-age)" in keyproof("policy", "list", "--framework", "gdpr").out


def test_an_unknown_framework_is_refused_with_the_nearest(project: Path, keyproof: Keyproof) -> None:
    result = keyproof("policy", "list", "--framework", "sock2")
    assert result.code == 2
    assert "there is no control catalogue 'sock2'" in result.err
    assert "did you mean 'soc2'?" in result.err


def test_a_control_is_explained_without_reading_any_source(project: Path, keyproof: Keyproof) -> None:
    _map(project)
    (project / "secrets.md").unlink()
    result = keyproof("policy", "explain", "soc2:CC6.1")
    assert result.code == 0
    assert result.out == snapshot("""\
soc2:CC6.1: Logical access to protected assets
  framework       SOC 2 trust services criteria, 2017 criteria with the points of focus revised in 2022
  asks for        Known assets are protected by access restrictions, by credentials that are managed from issue to removal, and by encryption whose keys are protected through their whole life.
  cannot be shown Physical and network protection, how users authenticate, and assets no source lists.
  why no more     a criterion is met by the organisation's own control and tested by an auditor, never by a scan

What a rule can show at most
  max-age              partial     where the period is the one the organisation has set for itself
  storage              partial
  encrypted            partial
  key-strength         partial
  strength             partial
  isolation            partial
  access               partial
  required-metadata    partial
  inventory-drift      partial
  no-leak              partial
  rotated-after-leak   partial
  expires              supporting
  rotation-enabled     supporting
  old-version-retired  supporting
  transport            supporting
  audit-logging        supporting
  access-review        supporting
  naming               supporting
  attested             supporting

Rules in force
  partial     house/age (max-age); The period is the one the organisation has set for itself.
""")


@pytest.mark.parametrize(
    ("control", "told"),
    [
        ("soc2:CC6.11", "did you mean 'soc2:CC6.1'?"),
        ("gdpr:articles", "`keyproof policy list --framework gdpr` lists them"),
    ],
)
def test_a_control_that_does_not_exist_is_refused(
    project: Path, keyproof: Keyproof, control: str, told: str
) -> None:
    result = keyproof("policy", "explain", control)
    assert result.code == 2
    assert f"there is no control '{control}'" in result.err
    assert told in result.err


def test_a_control_of_which_nothing_can_be_shown_says_so(project: Path, keyproof: Keyproof) -> None:
    out = keyproof("policy", "explain", "pci-dss-4.0.1:8.3.9").out
    assert "What a rule can show at most\n  nothing\n" in out
    assert "no rule can show it: it concerns passwords of people" in out
