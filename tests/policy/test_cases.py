"""Test files of policies: what a case may say, and what is refused with its place."""

import json
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot
from jsonschema import Draft202012Validator

from keyproof import resources
from keyproof.app.cases import run_suite
from keyproof.domain.access import Action
from keyproof.domain.case import Case, Suite
from keyproof.domain.leak import Leak
from keyproof.domain.secret import Basis, Confidence, SecretMetadata
from keyproof.domain.subject import Document, Repository
from keyproof.errors import PolicyError, Problem
from keyproof.policy.cases import load_suites
from keyproof.policy.files import is_test, shipped_packs
from keyproof.policy.loader import load_policy
from keyproof.policy.schema import policy_test_schema
from keyproof.policy.subjects import SecretDocument
from keyproof.strict_yaml import parse
from keyproof.wiring.catalog import CHECKS as REAL_CHECKS
from tests.policy.example_suites import EXAMPLES
from tests.policy.stand_ins import CHECKS, HEAD, RULE, write
from tests.policy.test_robustness import mutated

TEST_HEAD = "apiVersion: keyproof/v1\nkind: PolicyTest\nas-of: 2026-11-21\ncases:\n"
CASE = "  - {rule: rotation, secret: {name: a}, expect: pass}\n"


def _load(root: Path, cases: str, *, head: str = TEST_HEAD) -> tuple[Case, ...]:
    write(root, {"house.yaml": HEAD + RULE, "house.test.yaml": head + dedent(cases)})
    (suite,) = load_suites(["house.yaml"], root=root, checks=CHECKS)
    return suite.cases


def _problems(root: Path, cases: str, *, head: str = TEST_HEAD) -> str:
    with pytest.raises(PolicyError) as caught:
        _load(root, cases, head=head)
    return "\n".join(map(str, caught.value.problems))


def test_a_secret_needs_little_more_than_a_name(tmp_path: Path) -> None:
    (case,) = _load(tmp_path, CASE)
    secret = case.subject
    assert isinstance(secret, SecretMetadata)
    assert (secret.id, secret.source) == ("aws-secrets-manager://case/a", "aws-secrets-manager")
    assert (secret.facts, secret.versions, secret.grants, secret.audit) == ((), None, None, None)
    assert case.as_of == datetime(2026, 11, 21, tzinfo=UTC)
    assert (case.place.path, case.place.line) == ("house.test.yaml", 5)


def test_everything_a_backend_shows_can_be_written(tmp_path: Path) -> None:
    (case,) = _load(
        tmp_path,
        """\
        - rule: rotation
          as-of: 2026-11-21T10:00:00+02:00
          expect: pass
          secret:
            name: a
            backend: vault
            source: vault-eu
            kind: key
            tags: {team: payments}
            created: 2026-01-01
            value-date: 2026-02-01
            basis: record-created
            facts: [{at: 2026-03-01, basis: rotation-event}]
            versions: [{id: "1", state: current, created: 2026-02-01, expires: 2027-01-01}]
            rotation: {enabled: true, interval: 24h, last: 2026-02-01}
            expires: 2027-01-01
            encryption: {encrypted: true, customer-managed: true, key: alias/a}
            grants: [{principal: auth/userpass/users/ana, actions: [read, write]}]
            audit: [{sink: file/, covers-reads: null, retention: 30d}]
            attributes: {gitignored: true}
            unread: {versions: denied}
        """,
    )
    secret = case.subject
    assert isinstance(secret, SecretMetadata)
    assert case.as_of == datetime(2026, 11, 21, 8, tzinfo=UTC)
    assert [(fact.basis, fact.confidence) for fact in secret.facts] == [
        (Basis.ROTATION_EVENT, Confidence.EXACT),
        (Basis.RECORD_CREATED, Confidence.UPPER_BOUND),
    ]
    assert secret.versions is not None
    assert secret.versions[0].expires_at == datetime(2027, 1, 1, tzinfo=UTC)
    assert secret.rotation is not None
    assert str(secret.rotation.interval) == "1 day, 0:00:00"
    assert secret.grants is not None
    assert secret.grants[0].actions == (Action.READ, Action.WRITE)
    assert secret.audit is not None
    assert (secret.audit[0].covers_reads, str(secret.audit[0].retention)) == (None, "30 days, 0:00:00")
    assert (secret.source, secret.kind, secret.unread) == ("vault-eu", "key", {"versions": "denied"})


COMPUTED = {"scope", "declares", "place"}
RENAMED = {"created_at": "created", "expires_at": "expires", "last_accessed_at": "last_accessed"}


def test_no_field_of_a_secret_is_out_of_reach() -> None:
    written = set(SecretDocument.model_fields)
    assert {RENAMED.get(item.name, item.name) for item in fields(SecretMetadata)} - COMPUTED <= written


def test_a_log_of_uses(tmp_path: Path) -> None:
    (case,) = _load(
        tmp_path,
        """\
        - rule: rotation
          expect: pass
          secret:
            name: a
            access-log:
              since: 2026-10-01
              until: 2026-11-21
              events: [{at: 2026-11-02, principal: ben, allowed: false}, {at: 2026-11-01, principal: ana}]
        """,
    )
    assert isinstance(case.subject, SecretMetadata)
    assert case.subject.access_log is not None
    assert [(event.principal, event.allowed) for event in case.subject.access_log.events] == [
        ("ana", True),
        ("ben", False),
    ]


def test_a_row_of_an_inventory_claims_what_it_states(tmp_path: Path) -> None:
    rows = _load(
        tmp_path,
        """\
        - {rule: rotation, expect: pass, secret: {name: A, backend: inventory, value-date: 2026-02-01}}
        - {rule: rotation, expect: pass, secret: {name: A, backend: inventory, claims: [{last-rotated: 2026-02-01}]}}
        """,
    )
    for case in rows:
        row = case.subject
        assert isinstance(row, SecretMetadata)
        assert row.id == "inventory://case#A"
        assert [(fact.at.date(), fact.basis) for fact in row.facts] == [(date(2026, 2, 1), Basis.INVENTORY)]
        assert [claim.last_rotated for claim in row.claims] == [date(2026, 2, 1)]


def test_leaks_repositories_and_the_pack_itself(tmp_path: Path) -> None:
    leak, repository, document = _load(
        tmp_path,
        """\
        - {rule: rotation, expect: not-selected, leak: {detector: pem, class: key, introduced: 2026-01-01, removed: 2026-02-01}}
        - {rule: rotation, expect: not-selected, repository: {name: shop, shallow: true}}
        - {rule: rotation, expect: not-selected, document: {reviewed: 2026-01-01}}
        """,
    )
    assert isinstance(leak.subject, Leak)
    assert (leak.subject.present, leak.subject.secret_class) == (False, "key")
    assert isinstance(repository.subject, Repository)
    assert not repository.subject.coverage.complete
    assert isinstance(document.subject, Document)
    assert (document.subject.pack, document.subject.reviewed) == ("house", date(2026, 1, 1))


def test_around_due_makes_the_last_and_first_seconds(tmp_path: Path) -> None:
    cases = _load(
        tmp_path,
        """\
        - {rule: rotation, secret: {name: a}, around-due: true, due: 2026-11-21, severity: high}
        - {rule: rotation, secret: {name: a}, around-due: true, due: "2026-11-21T10:00:00Z", name: hours}
        """,
    )
    shown = [f"{c.as_of:%d %H:%M:%S} {c.expected.outcome} {c.expected.severity}: {c.name}" for c in cases]
    assert shown == snapshot(
        [
            "20 00:00:00 pass None: the day before due",
            "21 23:59:59 pass None: the end of the due day",
            "22 00:00:00 fail high: the day after due",
            "21 09:59:59 pass None: hours, a second before due",
            "21 10:00:00 pass None: hours, when due",
            "21 10:00:01 fail None: hours, a second after due",
        ]
    )
    assert {case.expected.due for case in cases} == {date(2026, 11, 21)}


def test_every_fault_of_a_case_has_its_line(tmp_path: Path) -> None:
    assert _problems(
        tmp_path,
        """\
        - {rule: rotation, secret: {nam: a}, expect: pass}
        - {rule: rotation, expect: pass}
        - {rule: rotation, secret: {name: a}, leak: {detector: b}, expect: pass}
        - {rule: rotation, secret: {name: a}, expect: passed}
        - {rule: rotation, secret: {name: a}}
        - {rule: rotation, secret: {name: a}, around-due: true}
        - {rule: rotation, secret: {name: a}, around-due: true, due: 2026-01-01, expect: pass}
        - {rule: rotation, secret: {name: a, value-date: 21.11.2026}, expect: pass}
        - {rule: rotation, secret: {name: a}, around-due: true, due: 2026-02-30}
        """,
    ) == snapshot("""\
house.test.yaml:5:28: the key 'name' is missing; add 'name:'
house.test.yaml:5:29: unknown key 'nam'; did you mean 'name'?
house.test.yaml:6:3: a case is about one subject; write exactly one of secret, leak, repository, document
house.test.yaml:7:3: a case is about one subject; write exactly one of secret, leak, repository, document
house.test.yaml:8:47: 'passed' is not allowed here; did you mean 'pass'?
house.test.yaml:9:3: the case expects nothing; write 'expect:' or 'around-due: true'
house.test.yaml:10:3: 'around-due' needs the day: write 'due:' with the day you expect
house.test.yaml:11:3: 'around-due' states the moments and outcomes itself; remove as-of, expect, reason and alert
house.test.yaml:12:50: a moment is written 2026-11-21 or 2026-11-21T12:00:00Z; found '21.11.2026'
house.test.yaml:13:62: 2026-02-30 is not in the calendar\
""")


def test_rules_and_moments_that_are_not_there(tmp_path: Path) -> None:
    head = TEST_HEAD.replace("as-of: 2026-11-21\n", "")
    assert _problems(
        tmp_path,
        """\
        - {rule: rotatoin, secret: {name: a}, expect: pass, as-of: 2026-01-01}
        - {rule: rotation, secret: {name: a}, expect: pass}
        """,
        head=head,
    ) == snapshot("""\
house.test.yaml:4:10: the pack 'house' has no rule 'rotatoin'; did you mean 'rotation'?
house.test.yaml:5:3: the case names no moment; add 'as-of:' to it or to the file\
""")


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (
            TEST_HEAD + CASE.replace("pass", "fail") + "pak: house\n",
            "unknown key 'pak'; did you mean 'pack'?",
        ),
        (TEST_HEAD.replace("cases:", "pack: hous.yaml\ncases:"), "there is no pack 'hous.yaml' to test"),
        (TEST_HEAD.replace("cases:", "waivers: w.yaml\ncases:"), "there is no such waiver file"),
        ("kind: [", "is not YAML"),
    ],
)
def test_a_test_file_that_cannot_be_used(tmp_path: Path, head: str, expected: str) -> None:
    assert expected in _problems(tmp_path, CASE if head.endswith("cases:\n") else "", head=head)


def test_the_pack_is_the_one_beside_or_the_one_named(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "packs/house.yaml": HEAD + RULE,
            "tests/any.yaml": TEST_HEAD.replace("cases:", "pack: ../packs/house.yaml\ncases:") + CASE,
            "tests/alone.test.yaml": TEST_HEAD + CASE,
        },
    )
    (suite,) = load_suites(["tests/any.yaml"], root=tmp_path, checks=CHECKS)
    assert (suite.path, suite.policy.packs[0].id, len(suite.cases)) == ("tests/any.yaml", "house", 1)
    with pytest.raises(PolicyError) as caught:
        load_suites(["tests/alone.test.yaml"], root=tmp_path, checks=CHECKS)
    assert str(caught.value.problems[0]).startswith(
        "tests/alone.test.yaml:1:1: there is no alone.yaml beside this file to test; write 'pack:' with a path"
    )


def test_a_glob_gives_each_test_file_once_and_packs_without_one_no_case(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "p/house.yaml": HEAD + RULE,
            "p/house.test.yaml": TEST_HEAD + CASE,
            "p/other.yaml": HEAD.replace("id: house", "id: other") + RULE,
        },
    )
    suites = load_suites(["p/*.yaml", "p/house.yaml"], root=tmp_path, checks=CHECKS)
    assert [(suite.path, len(suite.cases)) for suite in suites] == [
        ("p/house.test.yaml", 1),
        ("p/other.yaml", 0),
    ]


def test_a_glob_over_packs_passes_their_tests_over(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "p/house.yaml": HEAD + RULE,
            "p/house.test.yaml": TEST_HEAD + CASE,
            "p/more.yaml": TEST_HEAD + CASE,
        },
    )
    assert [pack.id for pack in load_policy(["p/*.yaml"], root=tmp_path, checks=CHECKS).packs] == ["house"]


def test_a_test_file_named_as_a_pack_is_told_apart(tmp_path: Path) -> None:
    write(tmp_path, {"house.yaml": HEAD + RULE, "house.test.yaml": TEST_HEAD + CASE})
    with pytest.raises(PolicyError) as caught:
        load_policy(["house.test.yaml"], root=tmp_path, checks=CHECKS)
    assert [str(problem) for problem in caught.value.problems] == snapshot(
        [
            "house.test.yaml:2:7: is a test of a pack, not a pack; name the pack it tests; `keyproof policy test` runs the cases"
        ]
    )


@pytest.mark.parametrize(
    "moment", ["0001-01-01", "9999-12-31", "0001-01-01T00:00:00+14:00", "2026-W47-6", "20261121"]
)
def test_moments_without_days_around_them_are_refused(tmp_path: Path, moment: str) -> None:
    text = f"- {{rule: rotation, secret: {{name: a}}, around-due: true, due: {moment}}}\n"
    assert _problems(tmp_path, text).startswith("house.test.yaml:5:62: ")


GOOD: dict[str, Any] = {
    "apiVersion": "keyproof/v1",
    "kind": "PolicyTest",
    "as-of": "2026-11-21",
    "environments": {"production": ["live/*"], "test": "test/*"},
    "cases": [
        {
            "rule": "rotation", "expect": "pass", "reason": "stand", "alert": "", "waivers": "off", "class": "",
            "secret": {"name": "a", "value-date": "2026-01-01", "tags": {"a": "b"}, "versions": [{"id": "1", "state": "current"}],
                       "rotation": {"enabled": True, "interval": "30d"}, "attributes": {"a": 1}, "unread": {"a": "b"}},
            "beside": [{"leak": {"detector": "pem"}}, {"repository": {"name": "shop", "leaks": 1}}],
            "unreadable": ["vault"], "attestations": [], "covers": [12, "A.5"],
        },
        {"rule": "rotation", "document": {"reviewed": "2026-01-01"}, "around-due": True, "due": "2026-01-02"},
    ],
}  # fmt: skip


@given(mutated(GOOD))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_broken_test_files(tmp_path: Path, data: Any) -> None:
    write(tmp_path, {"house.yaml": HEAD + RULE, "house.test.yaml": yaml.safe_dump(data)})
    suites: tuple[Suite, ...] = ()
    problems: tuple[Problem, ...] = ()
    try:
        suites = load_suites(["house.test.yaml"], root=tmp_path, checks=CHECKS)
    except PolicyError as error:
        problems = error.problems
    assert bool(suites) is not bool(problems)
    assert all(problem.path and problem.message for problem in problems)
    assert all(len(run_suite(suite).results) == len(suite.cases) > 0 for suite in suites)


def test_a_pack_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as caught:
        load_suites(["baselin", "no/such.yaml"], root=tmp_path, checks=CHECKS)
    assert [str(problem) for problem in caught.value.problems] == snapshot(
        [
            "baselin: there is no such pack or test file; did you mean 'baseline'?",
            "no/such.yaml: there is no such pack or test file; check the path",
        ]
    )


TESTED = {
    "baseline": "baseline",
    "soc2": "soc2",
    "pci-dss-4.0.1": "pci-dss-4.0.1",
    "leaks": "leaks",
    **{name: name for name in EXAMPLES},
    "content-platform-procedures": "policies/examples/content-platform/procedures.yaml",
}
"""Pack → how it is named to be tested."""


@pytest.fixture(scope="module")
def shipped() -> dict[str, Suite]:
    root = resources.policies().parent
    suites = load_suites(list(TESTED.values()), root=root, checks=REAL_CHECKS)
    return {suite.policy.packs[0].id: suite for suite in suites}


@pytest.mark.parametrize("name", TESTED)
def test_shipped_packs_hold_their_own_cases_and_try_every_rule(name: str, shipped: dict[str, Suite]) -> None:
    result = run_suite(shipped[name])
    broken = [f"{r.case.place.line}: {fault}" for r in result.results for fault in r.faults]
    assert broken == []
    assert [rule.rule for rule in result.coverage if not rule.cases] == []


def test_the_schema_is_the_model_s_and_accepts_what_is_shipped() -> None:
    stored = json.loads((resources.policies() / "schema" / "policy-test.schema.json").read_text())
    assert stored == policy_test_schema()
    Draft202012Validator.check_schema(stored)
    files = [path for path in resources.policies().rglob("*.test.yaml") if is_test(path)]
    assert len(files) >= len(TESTED)
    for path in files:
        data = parse(path.read_text(), name=path.name, error=PolicyError).data
        assert [error.message for error in Draft202012Validator(stored).iter_errors(data)] == [], path


def test_test_files_are_no_packs() -> None:
    assert not [name for name in shipped_packs() if "test" in name]


TEMPLATE = """\
apiVersion: keyproof/v1
kind: PolicyPack
metadata: {id: house, title: House, version: 1.0.0}
rules:
  - {id: audit, title: Audit, check: attested, with: {every: 30d}, controls: [{id: "soc2:CC4.2", strength: supporting}]}
  - {id: drill, title: Drill, check: attested, with: {every: 365d}}
  - {id: review, title: Review, check: access-review, select: {environment: production}, with: {every: 90d}}
  - {id: age, title: Age, check: max-age, with: {period: 90d}}
"""
GIVEN = """\
apiVersion: keyproof/v1
kind: Attestations
attestations:
  - {id: of-the-file, rule: audit, statement: Done., by: Ana, at: 2026-11-20, every: monthly}
"""


def _attested(root: Path, cases: str, *, head: str = TEST_HEAD) -> Suite:
    files = {
        "house.yaml": TEMPLATE,
        "house.test.yaml": head + dedent(cases),
        "attestations.yaml": GIVEN,
    }
    write(root, files)
    (suite,) = load_suites(["house.yaml"], root=root, checks=REAL_CHECKS)
    return suite


def _faults(suite: Suite) -> list[str]:
    return [fault for result in run_suite(suite).results for fault in result.faults]


def test_attested_rules_are_manual_in_time_and_not_evaluated_late_or_without_a_word(tmp_path: Path) -> None:
    suite = _attested(
        tmp_path,
        """\
        - {rule: audit, document: {}, attestations: [{by: Ana, at: 2026-10-22, every: quarterly}], around-due: true, due: 2026-11-21}
        - {rule: audit, document: {}, attestations: [{at: 2026-11-01, every: 10d}], around-due: true, due: 2026-11-11}
        - {rule: audit, document: {}, attestations: [], expect: not-evaluated, reason: nobody attests it}
        - {rule: audit, document: {}, expect: not-evaluated, reason: nobody attests it}
        - {rule: audit, document: {}, attestations: [{at: 2026-11-22, every: monthly}], expect: not-evaluated, reason: check the date}
        - {rule: audit, document: {}, attestations: [{at: 2026-11-20, every: monthly, rule: drill}], expect: not-evaluated, reason: nobody}
        - {rule: audit, document: {}, attestations: [{at: 2026-11-20, every: monthly, control: "soc2:CC4.2"}], expect: manual}
        - rule: review
          secret: {name: a, environment: production}
          attestations: [{at: 2026-08-23, every: annually}]
          around-due: true
          due: 2026-11-21
        """,
    )
    assert _faults(suite) == []
    assert [case.expected.outcome for case in suite.cases[:3]] == ["manual", "manual", "not-evaluated"]


@given(
    at=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    every=st.integers(1, 800),
    demanded=st.integers(1, 800),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
def test_the_shorter_of_two_periods_ends_what_is_attested(
    tmp_path: Path, at: date, every: int, demanded: int
) -> None:
    due = at + timedelta(days=min(every, demanded))
    write(
        tmp_path,
        {
            "house.yaml": TEMPLATE.replace("every: 30d", f"every: {demanded}d"),
            "house.test.yaml": TEST_HEAD
            + f"  - {{rule: audit, document: {{}}, attestations: [{{at: {at}, every: {every}d}}], "
            + f"around-due: true, due: {due}}}\n",
        },
    )
    (suite,) = load_suites(["house.yaml"], root=tmp_path, checks=REAL_CHECKS)
    assert _faults(suite) == []


def test_a_case_has_the_last_word_on_what_is_attested(tmp_path: Path) -> None:
    suite = _attested(
        tmp_path,
        """\
        - {rule: audit, document: {}, around-due: true, due: 2026-12-20}
        - {rule: audit, document: {}, attestations: [], expect: not-evaluated}
        - {rule: audit, document: {}, attestations: [{at: 2026-11-01, every: monthly}], expect: manual, reason: somebody attested on 2026-11-01}
        """,
        head=TEST_HEAD.replace("cases:", "attestations: attestations.yaml\ncases:"),
    )
    assert _faults(suite) == []


def test_what_is_wrong_with_an_attestation_of_a_case_has_its_line(tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as caught:
        _attested(
            tmp_path,
            """\
            - {rule: audit, document: {}, expect: manual, attestations: [{every: monthly}]}
            - {rule: audit, document: {}, expect: manual, attestations: [{at: 21.11.2026, every: monthly}]}
            - {rule: audit, document: {}, expect: manual, attestations: [{at: 2026-11-01, every: on compromise}]}
            - {rule: audit, document: {}, expect: manual, attestations: [{at: 2026-11-01, every: 1d, rule: a, control: b}]}
            """,
        )
    assert "\n".join(map(str, caught.value.problems)) == snapshot("""\
house.test.yaml:5:62: the key 'at' is missing; add 'at:'
house.test.yaml:6:67: a date is written YYYY-MM-DD; found '21.11.2026'
house.test.yaml:7:86: 'on compromise' has no length; write for example 24h, 90d or 3mo
house.test.yaml:8:62: an attestation is about a rule or a control; write 'rule' or 'control', not both\
""")
    with pytest.raises(PolicyError) as caught:
        _attested(
            tmp_path,
            """\
            - {rule: age, secret: {name: a}, expect: pass, attestations: [{at: 2026-11-01, every: monthly}]}
            - {rule: audit, document: {}, expect: manual, attestations: [{at: 2026-11-01, every: monthly, rule: audti}]}
            - {rule: audit, document: {}, expect: manual, attestations: [{at: 2026-11-01, every: monthly, control: "soc2:CC99"}]}
            - {rule: audit, document: {}, expect: manual, attestations: [{at: 2026-11-01, every: monthly, by: " "}]}
            - {rule: audit, document: {}, expect: manual, attestations: [{id: a, at: 2026-11-01, every: 1d}, {id: a, at: 2026-11-02, every: 1d}]}
            """,
        )
    assert "\n".join(map(str, caught.value.problems)) == snapshot("""\
house.test.yaml:5:63: the rule 'age' is decided by max-age, which nobody can attest; its evidence is what was read; write a rule with 'check: attested' for what was not
house.test.yaml:6:101: there is no rule 'audti' in the packs; did you mean 'audit'?
house.test.yaml:7:104: there is no control 'soc2:CC99'; did you mean 'soc2:CC9.2'?
house.test.yaml:8:99: 'by' says nothing; write it out
house.test.yaml:9:103: the attestation 'a' stands twice; it first stands in house.test.yaml:9; rename one\
""")


def test_secrets_of_a_case_are_placed_as_in_a_run(tmp_path: Path) -> None:
    suite = _attested(
        tmp_path,
        """\
        - {rule: review, secret: {name: live/a, tags: {access-reviewed: "2026-11-20"}}, expect: pass}
        - {rule: review, secret: {name: a, environment: prod, tags: {access-reviewed: "2026-11-20"}}, expect: pass}
        - {rule: review, secret: {name: test/a}, expect: not-selected}
        """,
        head=TEST_HEAD.replace("cases:", "environments: {production: live/*, test: [test/*]}\ncases:"),
    )
    assert _faults(suite) == []


def test_requirements_are_numbers_or_names(tmp_path: Path) -> None:
    cases = _load(
        tmp_path,
        """\
        - {rule: rotation, secret: {name: a}, expect: pass, covers: 12}
        - {rule: rotation, secret: {name: a}, expect: pass, covers: [12, "A.5"]}
        - {rule: rotation, secret: {name: a}, expect: pass}
        """,
    )
    assert [case.covers for case in cases] == [("12",), ("12", "A.5"), ()]
    assert "house.test.yaml:5:62:" in _problems(
        tmp_path, "- {rule: rotation, secret: {name: a}, expect: pass, covers: [true]}\n"
    )
