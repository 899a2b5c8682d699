"""Attestation files: what an attestation must say, what is refused, and which rules it reaches."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import indent

import pytest
from inline_snapshot import snapshot
from jsonschema import Draft202012Validator

from keyproof.domain.policy import Policy
from keyproof.errors import PolicyError
from keyproof.policy.loader import load_policy
from keyproof.policy.schema import attestations_schema
from keyproof.strict_yaml import parse
from keyproof.wiring.catalog import CHECKS
from tests.policy.stand_ins import write

PACK = """\
apiVersion: keyproof/v1
kind: PolicyPack
metadata: {id: house, title: House, version: 1.0.0}
rules:
  - {id: drill, title: A drill, check: attested, controls: [{id: "soc2:CC7.3", strength: supporting}]}
  - {id: reviews, title: Reviews of access, check: access-review, with: {every: quarterly}}
  - {id: rotation, title: Rotation, check: max-age, with: {period: 90d}, controls: [{id: "soc2:CC6.1", strength: partial}]}
"""
HEAD = "apiVersion: keyproof/v1\nkind: Attestations\nattestations:\n"
GOOD = """\
- id: drill-2025
  rule: drill
  statement: The drill took place.
  by: Ana
  at: 2025-09-01
  every: annually
  evidence: SEC-1
"""


def load(
    root: Path, body: str, *, pack: str = PACK, references: Sequence[str] = ("attestations.yaml",)
) -> Policy:
    write(root, {"house.yaml": pack, "attestations.yaml": HEAD + body})
    return load_policy(["house.yaml"], root=root, checks=CHECKS, attestations=references)


def problems(
    root: Path, body: str, *, pack: str = PACK, references: Sequence[str] = ("attestations.yaml",)
) -> str:
    with pytest.raises(PolicyError) as caught:
        load(root, body, pack=pack, references=references)
    return "\n".join(str(problem) for problem in caught.value.problems)


def changed(**changes: str) -> str:
    lines = []
    for line in GOOD.splitlines():
        key = line[2:].partition(":")[0]
        if key not in changes:
            lines.append(line)
        elif changes[key]:
            lines.append(f"{line[:2]}{key}: {changes[key]}")
    return "\n".join(lines) + "\n"


def test_an_attestation_carries_who_what_and_until_when(tmp_path: Path) -> None:
    (one,) = load(tmp_path, changed(statement="The drill\n    took  place.")).attestations
    assert (one.id, one.by, str(one.at), one.every.text, one.evidence, str(one.until())) == (
        "drill-2025", "Ana", "2025-09-01", "annually", "SEC-1", "2026-09-01",
    )  # fmt: skip
    assert one.statement == "The drill took place."
    assert str(one.place) == snapshot("SourceLine(path='attestations.yaml', line=4, commit='')")


def test_a_rule_carries_the_attestations_that_are_about_it(tmp_path: Path) -> None:
    body = (
        GOOD
        + changed(id="by-control", rule="", control="").replace(
            "  statement", "  control: soc2:CC7.3\n  statement"
        )
        + changed(id="of-the-pack", rule="house/drill")
        + changed(id="review", rule="reviews")
    )
    policy = load(tmp_path, body)
    found = {rule.id: [one.id for one in rule.attestations] for rule in policy.packs[0].rules}
    assert found == {
        "drill": ["by-control", "drill-2025", "of-the-pack"],
        "reviews": ["review"],
        "rotation": [],
    }


def test_a_pack_that_shares_the_rule_may_be_named_too(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "house.yaml": PACK,
            "a.yaml": "apiVersion: keyproof/v1\nkind: PolicyPack\nextends: [./house.yaml]\n"
            "metadata: {id: team, title: Team, version: 1.0.0}\n",
            "attestations.yaml": HEAD + changed(rule="team/reviews"),
        },
    )
    policy = load_policy(
        ["house.yaml", "a.yaml"], root=tmp_path, checks=CHECKS, attestations=["attestations.yaml"]
    )
    judged = [
        rule for pack in policy.packs for rule in pack.rules if rule.id == "reviews" and not rule.judged_in
    ]
    assert [[one.id for one in rule.attestations] for rule in judged] == [["drill-2025"]]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"statement": ""}, "attestations.yaml:4:3: the key 'statement' is missing; add 'statement:'"),
        ({"by": ""}, "attestations.yaml:4:3: the key 'by' is missing; add 'by:'"),
        ({"every": ""}, "attestations.yaml:4:3: the key 'every' is missing; add 'every:'"),
        ({"by": '" "'}, "attestations.yaml:7:7: 'by' says nothing; write it out"),
        ({"by": '""'}, "attestations.yaml:7:7: 'by' must not be empty; found ''"),
        ({"at": "2025-02-29"}, "attestations.yaml:8:7: 2025-02-29 is not a day of the calendar"),
        ({"at": "2025-09-01T10:00:00Z"}, "attestations.yaml:8:7: a date is written YYYY-MM-DD; found '2025-09-01T10:00:00Z'"),
        ({"every": "on incident"}, "attestations.yaml:9:10: 'on incident' has no length; write for example 24h, 90d or 3mo"),
        ({"rule": ""}, "attestations.yaml:4:3: an attestation is about a rule or a control; write exactly one of 'rule' and 'control'"),
        ({"rule": "drills"}, "attestations.yaml:5:9: there is no rule 'drills' in the packs; did you mean 'drill'?"),
        ({"rule": "other/drill"}, "attestations.yaml:5:9: there is no rule 'other/drill' in the packs; did you mean 'drill'?"),
        ({"rule": "rotation"}, "attestations.yaml:5:9: the rule 'rotation' is decided by max-age, which nobody can attest; its evidence is what was read; write a rule with 'check: attested' for what was not"),
        ({"id": "Drill 2025"}, "attestations.yaml:4:7: 'id' must be of the form ^[a-z0-9]+([.-][a-z0-9]+)*$; found 'Drill 2025'"),
    ],
)  # fmt: skip
def test_what_is_unclear_is_refused_at_its_place(
    tmp_path: Path, change: dict[str, str], expected: str
) -> None:
    assert problems(tmp_path, changed(**change)) == expected


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    body = changed(rule="drills", at="tomorrow") + changed(by="", every="often") + "  who: Ben\n"
    assert problems(tmp_path, body) == snapshot("""\
attestations.yaml:8:7: a date is written YYYY-MM-DD; found 'tomorrow'
attestations.yaml:11:3: the key 'by' is missing; add 'by:'
attestations.yaml:15:10: 'often' is not a duration; write for example 90d, 24h, 15min, 3mo, P90D, quarterly or 'on compromise'
attestations.yaml:17:3: unknown key 'who'; known here: at, by, control, every, evidence, id, rule, statement\
""")


def test_a_control_has_to_exist_and_to_be_asked_for(tmp_path: Path) -> None:
    def about(control: str) -> str:
        return changed(rule="").replace("  statement", f"  control: {control}\n  statement")

    assert problems(tmp_path, about("soc2:CC7.33")) == snapshot(
        "attestations.yaml:5:12: there is no control 'soc2:CC7.33'; did you mean 'soc2:CC7.3'?"
    )
    assert problems(tmp_path, about("soc2:CC6.1")) == snapshot(
        "attestations.yaml:5:12: no rule asks to attest soc2:CC6.1; add a rule with 'check: attested' that is mapped to it, or load the pack that has one"
    )


def test_duplicate_ids_are_refused(tmp_path: Path) -> None:
    assert problems(tmp_path, GOOD + GOOD) == snapshot(
        "attestations.yaml:11:7: the attestation 'drill-2025' stands twice; it first stands in attestations.yaml:4; rename one"
    )


def test_another_document_is_no_attestation_file(tmp_path: Path) -> None:
    write(tmp_path, {"list.yaml": "- a\n"})
    assert problems(tmp_path, GOOD, references=["list.yaml", "house.yaml"]) == snapshot("""\
house.yaml:1:1: the key 'attestations' is missing; add 'attestations:'
house.yaml:2:7: 'PolicyPack' is not allowed here; known here: Attestations
house.yaml:3:1: unknown key 'metadata'; known here: apiVersion, attestations, kind
house.yaml:4:1: unknown key 'rules'; known here: apiVersion, attestations, kind
list.yaml:1:1: is not an attestation file; begin with 'apiVersion: keyproof/v1' and 'kind: Attestations'\
""")


def test_a_glob_may_mean_no_file_but_a_path_may_not(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD, references=["nothing/*.yaml"]).attestations == ()
    assert problems(tmp_path, GOOD, references=["nothing/all.yaml"]) == snapshot(
        "nothing/all.yaml: there is no such attestation file; check the path"
    )


def test_a_file_meant_twice_is_read_once(tmp_path: Path) -> None:
    assert len(load(tmp_path, GOOD, references=["*tations.yaml", "attestations.yaml"]).attestations) == 1


def test_a_broken_pack_hides_no_attestation_from_being_checked(tmp_path: Path) -> None:
    broken = PACK.replace("check: max-age", "check: maximum-age")
    told = problems(tmp_path, changed(at="never", rule="no-such-rule"), pack=broken)
    assert "attestations.yaml:8:7" in told
    assert "house.yaml:7" in told
    assert "no-such-rule" not in told


def test_attestations_are_part_of_the_digest(tmp_path: Path) -> None:
    digests = {load(tmp_path, body).digest for body in ("  []\n", GOOD, changed(by="Ben"))}
    assert len(digests) == 3
    assert load(tmp_path, GOOD).digest == load(tmp_path, "# a remark\n" + GOOD).digest


@pytest.mark.parametrize(
    ("body", "accepted"),
    [
        (GOOD, True),
        (changed(rule=""), False),
        (changed(by=""), False),
        (GOOD + "  control: soc2:CC7.3\n", False),
    ],
)
def test_the_schema_says_what_the_loader_says(body: str, accepted: bool) -> None:
    schema = attestations_schema()
    Draft202012Validator.check_schema(schema)
    data = parse(HEAD + indent(body, "  "), name="test.yaml", error=PolicyError).data
    assert Draft202012Validator(schema).is_valid(data) is accepted
