"""What every check promises: one name everywhere, total, pure, and no pass without evidence."""

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from keyproof.check_model import CheckModel
from keyproof.checks.access import Access
from keyproof.checks.access_review import AccessReview
from keyproof.checks.accessed_by import AccessedBy
from keyproof.checks.attested import Attested
from keyproof.checks.audit_logging import AuditLogging
from keyproof.checks.encrypted import Encrypted
from keyproof.checks.expires import Expires
from keyproof.checks.inventory_drift import InventoryDrift
from keyproof.checks.isolation import Isolation
from keyproof.checks.key_strength import KeyStrength
from keyproof.checks.max_age import MaxAge
from keyproof.checks.naming import Naming
from keyproof.checks.no_leak import NoLeak
from keyproof.checks.old_version_retired import OldVersionRetired
from keyproof.checks.policy_review import PolicyReview
from keyproof.checks.required_metadata import RequiredMetadata
from keyproof.checks.rotated_after_leak import RotatedAfterLeak
from keyproof.checks.rotation_enabled import RotationEnabled
from keyproof.checks.rotation_recorded import RotationRecorded
from keyproof.checks.storage import Storage
from keyproof.checks.strength import Strength
from keyproof.checks.transport import Transport
from keyproof.checks.unused import Unused
from keyproof.domain.check import Check, Context
from keyproof.domain.leak import Leak
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.subject import Document, Repository, Subject
from keyproof.domain.verdict import Outcome, Verdict
from tests.fakes.any_subject import contexts, leaks, secrets, subjects

Parameters = Mapping[str, Any]

EVERY_WAY: Mapping[type[CheckModel], tuple[Parameters, ...]] = {
    Access: (
        {"roles": {"developer": "deny"}},
        {
            "roles": {"devops": "allow"},
            "others": "allow",
            "actions": ["read", "admin"],
            "accept-partial": True,
        },
        {"roles": {"nobody": "allow"}},
    ),
    AccessReview: ({"every": "quarterly"}, {"every": "9999y", "tags": ["reviewed"]}),
    AccessedBy: (
        {"roles": {"developer": "deny"}, "window": "30d"},
        {"roles": {"devops": "allow"}, "others": "allow", "window": "9999y", "actions": ["read", "write"]},
        {"roles": {"nobody": "allow"}, "window": "24h"},
    ),
    Attested: ({}, {"every": "1mo", "by": ["ana"], "people": 2, "evidence": True}),
    AuditLogging: ({}, {"retention": "365d"}, {"sinks": 2, "retention": "12mo"}),
    Encrypted: ({}, {"customer-key": True, "keys": ["alias/*"]}),
    Expires: ({}, {"required": False, "within": "30d"}, {"accept-next-rotation": False}),
    InventoryDrift: ({}, {"aspects": ["status", "next-date"]}, {"aspects": ["undeclared"]}),
    Isolation: ({}, {"environments": ["production"]}),
    KeyStrength: ({}, {"minimum": {"rsa": 4096}, "types": ["rsa", "ec"]}),
    MaxAge: (
        {"period": "90d"},
        {"period": "24h", "min-confidence": "exact"},
        {"period": "3mo", "alerts": {"14d": "notice"}},
        {"period": "on compromise"},
        {"period": "9999y"},
    ),
    Naming: (
        {"glob": ["prod/*"]},
        {"pattern": "[a-z]+", "part": "last", "forbidden": ["*key*"], "value-prefix": "api_live_*"},
    ),
    NoLeak: ({}, {"confidence": ["example"]}),
    OldVersionRetired: ({"grace": "24h"}, {"grace": "7d"}, {"grace": "9999y"}),
    PolicyReview: ({}, {"every": "quarterly", "approvers": 2}),
    RequiredMetadata: (
        {"fields": ["owner"]},
        {"fields": ["class"]},
        {"fields": ["expiry", "contact", "environment", "priority", "description", "tag:team"]},
    ),
    RotatedAfterLeak: (
        {"deadline": "24h"},
        {"deadline": "7d", "from": "detection"},
        {"deadline": "9999y", "map": [{"path": "*.env", "secret": "*"}]},
    ),
    RotationEnabled: ({}, {"period": "90d"}, {"period": "1mo"}),
    RotationRecorded: ({"within": "7d"}, {"within": "9999y"}),
    Storage: (
        {"allowed": ["aws-*"]},
        {"forbidden": "dotenv", "gitignored": True, "example-file": True},
        {"encrypted": True, "customer-key": True},
    ),
    Strength: (
        {"bits": 256},
        {"length": 16, "character-classes": 4, "generators": ["openssl*"], "weak-in": ["staging"]},
    ),
    Transport: ({}, {"min-version": "1.2", "accept-loopback": True}),
    Unused: ({"window": "90d"}, {"window": "24h"}, {"window": "9999y"}),
}
"""Every check with parameters that reach all of it."""
CHECKS = sorted(EVERY_WAY, key=lambda check: check.kind)
READY = [check.model_validate(dict(way)) for check in CHECKS for way in EVERY_WAY[check]]
few = settings(max_examples=25)
"""Enough for one of many ways."""
each_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.kind)
each_way = pytest.mark.parametrize(
    "check", READY, ids=lambda check: f"{check.kind}-{'-'.join(sorted(check.model_fields_set))}"
)


def judge(check: CheckModel, subject: Subject, context: Context) -> Verdict:
    judging: Check = check  # type: ignore[assignment]  # a model without evaluate is what the first test refuses
    return judging.evaluate(subject, context)


@each_check
def test_a_check_has_one_name(check: type[CheckModel]) -> None:
    kind = check.kind
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kind)
    assert check.__module__ == f"keyproof.checks.{kind.replace('-', '_')}"
    assert check.__name__ == "".join(word.capitalize() for word in kind.split("-"))
    assert (Path(__file__).parents[1] / "checks" / f"test_{kind.replace('-', '_')}.py").is_file()
    assert callable(getattr(check, "evaluate", None))


def test_every_file_of_the_family_is_held_to_this_contract() -> None:
    folder = Path(__file__).parents[2] / "src" / "keyproof" / "checks"
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert files == {check.kind.replace("-", "_") for check in CHECKS}


@each_check
def test_a_check_says_what_it_judges_and_what_its_parameters_mean(check: type[CheckModel]) -> None:
    assert check.__doc__
    assert check.subjects
    schema = check.model_json_schema(by_alias=True)
    assert schema["additionalProperties"] is False
    for name, parameter in schema.get("properties", {}).items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
        assert parameter.get("description"), f"{check.kind}: {name} is not described"


@each_way
def test_parameters_survive_being_written_and_read(check: CheckModel) -> None:
    written = check.model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert type(check).model_validate(written) == check


@settings(max_examples=120, deadline=None)
@given(subject=subjects, context=contexts())
def test_evaluation_is_total_pure_and_consistent(subject: Subject, context: Context) -> None:
    before = deepcopy((subject, context))
    for check in READY:
        verdict = judge(check, subject, context)
        assert judge(check, *before) == verdict, check
        assert verdict.reason.strip(), check
        assert (verdict.due is None) == (verdict.days_overdue is None), check
        assert (verdict.days_overdue or 0) >= 0, check
        assert not verdict.alert or verdict.outcome is Outcome.PASS, check
        assert all(item.name and item.value for item in verdict.evidence), check
        if subject.kind not in check.subjects:
            assert verdict.outcome is Outcome.NOT_APPLICABLE, check
    assert (subject, context) == before


@settings(max_examples=60, deadline=None)
@given(one=secrets, another=secrets, context=contexts(), placed=contexts())
def test_subjects_with_equal_grounds_get_the_same_verdict(
    one: SecretMetadata, another: SecretMetadata, context: Context, placed: Context
) -> None:
    """Whatever one thing is changed: what a check looks at has to be among its grounds."""
    changed = [(replace(one, **{field.name: getattr(another, field.name)}), context) for field in fields(one)]
    changed += [
        (one, replace(context, **{name: getattr(placed, name)}))
        for name in ("secret_class", "period", "period_rule")
    ]
    for check in READY:
        grounds = check.grounds(one, context)
        if grounds is None:
            continue
        verdict = judge(check, one, context)
        for other, seen in changed:
            if check.grounds(other, seen) == grounds:
                assert judge(check, other, seen) == verdict, check


def _without(*names: str) -> Callable[[SecretMetadata], SecretMetadata]:
    blank = SecretMetadata(id="", name="", source="", backend="", scope="")
    return lambda secret: replace(secret, **{name: getattr(blank, name) for name in names})


NEEDS: Mapping[type[CheckModel], tuple[Parameters, Callable[[SecretMetadata], SecretMetadata]]] = {
    Access: ({"roles": {"devops": "allow"}, "others": "allow", "accept-partial": True}, _without("grants")),
    AccessReview: ({"every": "9999y"}, _without("tags", "attributes")),
    AccessedBy: (
        {"roles": {"devops": "allow"}, "others": "allow", "window": "1d"},
        _without("access_log"),
    ),
    AuditLogging: ({}, _without("audit")),
    Encrypted: ({}, _without("encryption")),
    Expires: ({}, _without("expires_at", "versions", "claims")),
    InventoryDrift: ({}, _without("claims", "declares")),
    Isolation: ({}, _without("attributes")),
    KeyStrength: ({}, _without("tags", "attributes")),
    MaxAge: ({"period": "9999y"}, _without("facts")),
    Naming: ({"glob": ["*"]}, _without("name")),
    OldVersionRetired: ({"grace": "9999y"}, _without("versions")),
    RequiredMetadata: (
        {"fields": ["owner", "environment", "tag:team"]},
        _without("owner", "environment", "tags"),
    ),
    RotationEnabled: ({}, _without("rotation")),
    RotationRecorded: ({"within": "9999y"}, _without("facts")),
    Storage: ({"encrypted": True}, _without("encryption")),
    Strength: ({"bits": 1}, _without("tags", "attributes")),
    Transport: ({"accept-loopback": True}, _without("tags", "attributes")),
    Unused: ({"window": "9999y"}, _without("last_accessed_at", "access_log")),
}
"""Checks of secrets, as lenient as they can be, and how to take the evidence away that they rest on."""


@pytest.mark.parametrize("check", list(NEEDS), ids=lambda check: check.kind)
@few
@given(subject=subjects, context=contexts())
def test_a_secret_never_passes_without_evidence(
    check: type[CheckModel], subject: Subject, context: Context
) -> None:
    parameters, strip = NEEDS[check]
    known = tuple(strip(secret) for secret in context.inventory.secrets)
    blind = replace(context, inventory=replace(context.inventory, secrets=known))
    stripped = strip(subject) if isinstance(subject, SecretMetadata) else subject
    assert judge(check.model_validate(dict(parameters)), stripped, blind).outcome is not Outcome.PASS


@few
@given(subject=subjects, context=contexts())
def test_a_leak_never_passes_while_the_age_of_the_secret_is_unknown(
    subject: Subject, context: Context
) -> None:
    known = tuple(replace(secret, facts=()) for secret in context.inventory.secrets)
    blind = replace(context, inventory=replace(context.inventory, secrets=known))
    check = RotatedAfterLeak.model_validate({"deadline": "9999y", "map": [{"secret": "*"}]})
    assert judge(check, subject, blind).outcome is not Outcome.PASS


@few
@given(subject=subjects, context=contexts())
def test_only_a_repository_searched_in_full_is_free_of_leaks(subject: Subject, context: Context) -> None:
    verdict = judge(NoLeak(), subject, context)
    if verdict.outcome is Outcome.PASS:
        assert isinstance(subject, Repository)
        assert subject.coverage.complete


@few
@given(subject=subjects, context=contexts())
def test_a_document_never_passes_without_a_review(subject: Subject, context: Context) -> None:
    unread = replace(subject, reviewed=None) if isinstance(subject, Document) else subject
    assert judge(PolicyReview(), unread, context).outcome is not Outcome.PASS


WHY = "secretsmanager:DescribeSecret is denied"
UNREAD: Mapping[type[CheckModel], tuple[Parameters, str]] = {
    Access: ({"roles": {"devops": "allow"}}, "grants"),
    AccessReview: ({"every": "90d"}, "tags"),
    AccessedBy: ({"roles": {"devops": "allow"}, "window": "30d"}, "access_log"),
    AuditLogging: ({}, "audit"),
    Encrypted: ({}, "encryption"),
    Expires: ({}, "expires_at"),
    KeyStrength: ({}, "tags"),
    MaxAge: ({"period": "90d"}, "facts"),
    Naming: ({"value-prefix": ["api_*"]}, "prefix"),
    OldVersionRetired: ({"grace": "24h"}, "versions"),
    RequiredMetadata: ({"fields": ["tag:team"]}, "tags"),
    RotationEnabled: ({}, "rotation"),
    RotationRecorded: ({"within": "7d"}, "facts"),
    Storage: ({"encrypted": True}, "encryption"),
    Strength: ({"length": 16}, "tags"),
    Transport: ({}, "address"),
    Unused: ({"window": "90d"}, "last_accessed_at"),
}


@pytest.mark.parametrize("check", list(UNREAD), ids=lambda check: check.kind)
@few
@given(context=contexts())
def test_the_reason_names_the_right_that_is_missing(check: type[CheckModel], context: Context) -> None:
    parameters, field = UNREAD[check]
    secret = SecretMetadata(
        id="a://1", name="a", source="live", backend="aws-secrets-manager", scope="r", unread={field: WHY}
    )
    unattested = replace(context, attestations=())
    verdict = judge(check.model_validate(dict(parameters)), secret, unattested)
    assert verdict.outcome is Outcome.NOT_EVALUATED
    assert WHY in verdict.reason


@few
@given(context=contexts(), leak=leaks)
def test_an_accepted_leak_stays_visible_with_what_accepts_it(context: Context, leak: Leak) -> None:
    accepted = replace(leak, allowed="marker keyproof:allow")
    for check in (NoLeak(), RotatedAfterLeak.model_validate({"deadline": "24h"})):
        verdict = judge(check, accepted, context)
        assert verdict.outcome is Outcome.NOT_APPLICABLE
        assert "marker keyproof:allow" in verdict.reason
