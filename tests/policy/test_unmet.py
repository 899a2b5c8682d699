"""A policy beside what was really read."""

from pathlib import Path
from textwrap import dedent

from inline_snapshot import snapshot

from keyproof.domain.assessment import Scope, ScopeStatus
from keyproof.domain.policy import Policy
from keyproof.domain.snapshot import Snapshot
from keyproof.policy.unmet import Unmet, unmet
from tests.fakes.secrets import secret, utc
from tests.policy.stand_ins import HEAD, load, write

BODY = """\
classes:
  - {id: key, match: {name: "*key*"}}
  - {id: openai, match: {name: "*openai*"}}
  - {id: jwt, match: {name: "*jwt*"}}
rules:
  - {id: a, title: A, check: max-age, select: {class: [key, openai, jwt]}, with: {period: 90d}}
  - {id: b, title: B, check: max-age, select: {class: jwt}, with: {period: 90d}}
  - {id: leaks, title: L, check: no-leak}
"""


def _policy(root: Path, body: str = BODY, **more: str) -> Policy:
    files = {"house.yaml": HEAD + dedent(body)}
    files |= {
        f"{name}.yaml": HEAD.replace("id: house", f"id: {name}") + dedent(text) for name, text in more.items()
    }
    write(root, files)
    return load(root, ["house.yaml"])


def _read(*names: str, status: ScopeStatus = ScopeStatus.OK) -> Snapshot:
    scope = Scope(
        source="aws", kind="aws-secrets-manager", scope="eu-west-1", status=status, subjects=len(names)
    )
    secrets = tuple(secret(name) for name in names)
    return Snapshot(taken_at=utc("2026-01-01"), secrets=secrets, leaks=(), repositories=(), scopes=(scope,))


def _told(found: Unmet) -> str:
    return "\n".join([*map(str, found.doubts), *(f"note: {note}" for note in found.notes)])


def test_selectors_and_classes_that_meet_nothing(tmp_path: Path) -> None:
    policy = _policy(tmp_path)
    assert _told(unmet(policy, _read("openai-key", "crm-key"))) == snapshot("""\
house.yaml:6: the class 'openai' gets nothing in the snapshot: what it matches belongs to classes above it, for example 'openai-key' to 'key'; put 'openai' above 'key', or narrow the patterns
house.yaml:7: the class 'jwt' matches nothing in the snapshot: name *jwt*; correct its patterns, or remove it if no such secret is left
house.yaml:10: rule 'b' selects nothing in the snapshot: class jwt, of 2 subjects its check can judge; correct the selector, or remove or disable the rule if nothing of the kind is left\
""")
    assert unmet(policy, _read("openai", "key", "jwt")) == Unmet(doubts=(), notes=())


def test_what_ships_or_is_inherited_is_noted_a_file(tmp_path: Path) -> None:
    rules = "rules: [{id: own, title: O, check: max-age, select: {class: jwt}, with: {period: 1d}}]\n"
    policy = _policy(tmp_path, "extends: [base.yaml]\n" + rules, base=BODY)
    found = unmet(policy, _read("openai-key", "crm-key"))
    assert _told(found) == snapshot("""\
house.yaml:5: rule 'own' selects nothing in the snapshot: class jwt, of 2 subjects its check can judge; correct the selector, or remove or disable the rule if nothing of the kind is left
note: base.yaml: nothing in the snapshot is met by rule b, class openai, class jwt; they apply once there is such a secret; 'disable:' leaves a rule out\
""")
    assert [problem.path for problem in found.doubts] == ["house.yaml"]
    assert unmet(policy, _read("crm-key"), shipped=lambda _: True).doubts == ()


def test_what_could_not_be_read_is_not_called_absent(tmp_path: Path) -> None:
    found = unmet(_policy(tmp_path), _read("crm-key", "openai-key", status=ScopeStatus.DENIED))
    assert found.doubts == ()
    assert "note: snapshot: aws could not be read in full" in _told(found)


def test_classes_that_divide_what_they_share(tmp_path: Path) -> None:
    body = """\
    classes:
      - {id: openai, match: {name: "*openai*"}}
      - {id: key, match: {name: "*key*"}}
    rules:
      - {id: a, title: A, check: max-age, select: {class: [openai, key]}, with: {period: 90d}}
    """
    policy = _policy(tmp_path, body)
    assert _told(unmet(policy, _read("openai-key", "crm-key", "openai-token"))) == snapshot(
        "note: house.yaml:6: 'openai' and 'key' both match 1 subject, and the first of them takes what both match: openai-key; narrow the patterns, or put 'key' above 'openai', if that is not meant"
    )
    assert unmet(policy, _read("openai-key", "crm-key")).notes == ()
