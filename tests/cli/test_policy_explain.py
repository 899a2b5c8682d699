"""`keyproof policy explain`: how what is meant is found, and what is said when it is not."""

from pathlib import Path

from inline_snapshot import snapshot

from tests.cli.conftest import Keyproof

AS_OF = ("--as-of", "2025-10-05")


def test_a_rule_by_its_id(project: Path, keyproof: Keyproof) -> None:
    result = keyproof("policy", "explain", "age", *AS_OF)
    assert (result.code, result.err) == (0, "")
    assert result.out == snapshot("""\
house/age: Passwords rotate every 90 days
  stands in policy.yaml:5

Effective values
  check                  max-age                            policy.yaml:5
  select                 name *password*                    policy.yaml:5
  with.period            90d                                policy.yaml:5
  with.alerts            30d: warning, 7d: critical, 0d: emergency default of max-age
  with.min-confidence    declared                           default of max-age
  severity               medium, weighed by priority, environment and lateness

Selects 2 of 2 subjects its check can judge, as of 2025-10-05
  fail           inventory://secrets.md#Database%20Password
  pass           inventory://secrets.md#Redis%20Password
""")


def test_a_secret_by_a_part_of_its_name(project: Path, keyproof: Keyproof) -> None:
    config = project / "keyproof.yaml"
    config.write_text(config.read_text() + "environments:\n  production: ['inventory://*#Database*']\n")
    result = keyproof("policy", "explain", "database", *AS_OF)
    assert (result.code, result.err) == (0, "")
    assert result.out == snapshot("""\
Database Password
  inventory://secrets.md#Database%20Password
  secret of source table, owner DBA
  environment: production, by inventory://*#Database* in keyproof.yaml:6

Dates about the age of its value, best evidence first
  2025-07-01             inventory        declared     decides

Rules that select it
  fail           house/age (policy.yaml:5)
                 overdue by 6 days: value of 2025-07-01 (inventory) was due 2025-09-29 under 90d
                 due 2025-09-29, 6 days overdue
                 severity medium: base medium = medium
""")


def test_both_from_a_snapshot_without_reading_anything(project: Path, keyproof: Keyproof) -> None:
    assert keyproof("collect", "-o", "snapshot.json").code == 0
    (project / "secrets.md").unlink()
    result = keyproof("policy", "explain", "redis", "age", *AS_OF, "--snapshot", "snapshot.json")
    assert (result.code, result.err) == (0, "")
    assert "due in 56 days" in result.out


def test_a_rule_that_is_switched_off_says_why(project: Path, keyproof: Keyproof) -> None:
    policy = project / "policy.yaml"
    policy.write_text(policy.read_text() + "extends: [baseline]\ndisable: {key-rotation: We hold no keys.}\n")
    result = keyproof("policy", "explain", "key-rotation", *AS_OF)
    assert (result.code, result.out) == (
        0,
        "house/key-rotation is switched off by the pack: We hold no keys.\n",
    )
    on_one = keyproof("policy", "explain", "redis", "house/key-rotation", *AS_OF)
    assert (on_one.code, on_one.out) == (2, "")
    assert "We hold no keys." in on_one.err


def test_the_rule_nobody_wrote_names_the_classes_that_bring_it(project: Path, keyproof: Keyproof) -> None:
    policy = project / "policy.yaml"
    policy.write_text(policy.read_text() + "classes: [{id: db, match: {name: '*database*'}}]\n")
    out = keyproof("policy", "explain", "unclassified", *AS_OF).out
    assert "  with.fields            class                              policy.yaml:6\n" in out


def test_what_cannot_be_found_names_what_is_near(project: Path, keyproof: Keyproof) -> None:
    unknown = keyproof("policy", "explain", "aeg", *AS_OF)
    assert (unknown.code, unknown.out) == (2, "")
    assert unknown.err == snapshot("""\
keyproof: neither a rule nor anything that was read is called 'aeg'
  next: did you mean 'age'?
""")
    assert keyproof("policy", "explain", "database", "agee", *AS_OF).err == snapshot("""\
keyproof: no loaded pack has a rule 'agee'
  next: did you mean 'age'?
""")
    several = keyproof("policy", "explain", "password", *AS_OF)
    assert several.code == 2
    assert several.err == snapshot("""\
keyproof: 'password' can mean 2 subjects
  next: write the id of one: inventory://secrets.md#Database%20Password, inventory://secrets.md#Redis%20Password
""")
