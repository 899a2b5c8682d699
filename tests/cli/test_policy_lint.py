"""`keyproof policy lint --snapshot`: selectors beside what was really read."""

from pathlib import Path

from inline_snapshot import snapshot

from tests.cli.conftest import POLICY, Keyproof

DEAD = """\
  - {id: vault, title: Vault only, check: max-age, select: {backend: vault}, with: {period: 90d}}
"""


def test_a_rule_that_meets_nothing_in_what_was_read(project: Path, keyproof: Keyproof) -> None:
    assert keyproof("collect", "-o", "snapshot.json").code == 0
    (project / "policy.yaml").write_text(POLICY + DEAD)
    assert keyproof("policy", "lint").code == 0
    result = keyproof("policy", "lint", "--snapshot", "snapshot.json")
    assert result.code == 1
    assert result.out == snapshot(
        "policy.yaml:6: rule 'vault' selects nothing in the snapshot: backend vault, of 2 subjects its check can judge; correct the selector, or remove or disable the rule if nothing of the kind is left\n"
    )
    assert result.err == "1 pack with 2 rules loaded; 1 doubtful place\n"


def test_what_could_not_be_read_is_not_called_absent(project: Path, keyproof: Keyproof) -> None:
    config = project / "keyproof.yaml"
    config.write_text(
        config.read_text().replace("secrets.md}", "secrets.md}, {id: other, kind: inventory, path: none.md}")
    )
    keyproof("collect", "-o", "snapshot.json")
    (project / "policy.yaml").write_text(POLICY + DEAD)
    result = keyproof("policy", "lint", "--snapshot", "snapshot.json")
    assert result.code == 0
    assert result.out == snapshot("""\
note: policy.yaml:6: rule 'vault' selects nothing in the snapshot: backend vault, of 2 subjects its check can judge; correct the selector, or remove or disable the rule if nothing of the kind is left
note: snapshot: other could not be read in full: what meets nothing may stand there; collect it whole to be sure
""")
    assert result.err == "1 pack with 2 rules loaded; 0 doubtful places, 2 notes\n"


def test_shipped_rules_that_nothing_here_is_about_are_noted(project: Path, keyproof: Keyproof) -> None:
    assert keyproof("collect", "-o", "snapshot.json").code == 0
    config = project / "keyproof.yaml"
    config.write_text(config.read_text().replace("[./policy.yaml]", "[baseline, ./policy.yaml]"))
    result = keyproof("policy", "lint", "--snapshot", "snapshot.json")
    assert (result.code, result.out.count("\n")) == (0, 1)
    assert result.out.startswith(
        "note: policies/packs/baseline.yaml: nothing in the snapshot is met by rule "
    )
    (project / "policy.yaml").write_text(POLICY + DEAD)
    again = keyproof("policy", "lint", "--snapshot", "snapshot.json")
    assert (again.code, again.out.count("rule 'vault'")) == (1, 1)


def test_a_snapshot_that_is_none(project: Path, keyproof: Keyproof) -> None:
    result = keyproof("policy", "lint", "--snapshot", "policy.yaml")
    assert (result.code, result.out) == (2, "")
    assert "policy.yaml" in result.err


def test_waivers_of_unknown_rules_stop_every_command(project: Path, keyproof: Keyproof) -> None:
    (project / "waivers.yaml").write_text(
        "apiVersion: keyproof/v1\nkind: Waivers\nwaivers:\n  - {id: w, rule: aeg, select: {name: x}, reason: r, "
        "requested-by: Ana, approved-by: Ben, from: 2025-01-01, until: 2025-02-01}\n"
    )
    config = project / "keyproof.yaml"
    config.write_text(config.read_text() + "waivers: [waivers.yaml]\n")
    result = keyproof("scan", "--as-of", "2025-01-15")
    assert (result.code, result.out) == (2, "")
    assert "waivers.yaml:4:19: no loaded pack has a rule 'aeg'; did you mean 'age'?" in result.err
