"""Finished assessments to render: one realistic and hostile organisation, and as large a one as asked for."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pydantic import ConfigDict

from keyproof.check_model import CheckModel
from keyproof.domain.access import AccessGrant, Action
from keyproof.domain.assessment import (
    Assessment,
    ControlResult,
    RunInfo,
    Scope,
    ScopeStatus,
    SourceRecord,
    SubjectRecord,
    Summary,
    WaiverRecord,
)
from keyproof.domain.baseline import BaselineEntry, BaselineRecord
from keyproof.domain.check import Context
from keyproof.domain.duration import Duration, parse_duration
from keyproof.domain.finding import Finding, finding_id
from keyproof.domain.leak import Coverage, Leak, LeakConfidence, LeakScan, Occurrence
from keyproof.domain.policy import (
    Control,
    ControlMapping,
    Framework,
    PolicyPack,
    Rule,
    SecretClass,
    Strength,
    Waiver,
)
from keyproof.domain.secret import (
    Basis,
    Confidence,
    DatedFact,
    Encryption,
    InventoryClaim,
    Rotation,
    SecretMetadata,
    SecretVersion,
    SourceLine,
    VersionState,
)
from keyproof.domain.subject import Document, Repository, Subject
from keyproof.domain.verdict import Evidence, Outcome, Severity, Verdict

AS_OF = datetime(2026, 3, 16, 9, 30, tzinfo=UTC)
TODAY = AS_OF.date()
SCRIPT = "<script>alert('owned')</script>"
CONTROL_CHARACTERS = "bell\x07 escape\x1b nul\x00 cdata]]> non\ufffe"
LONG_NAME = "a-name-that-somebody-generated-" + "0123456789abcdef" * 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    """A selector that only knows its own description."""

    text: str

    def matches(self, subject: Subject, secret_class: str) -> bool:
        """Whether it selects: always."""
        return True

    def describe(self) -> str:
        """As a person would write it."""
        return self.text


class StandIn(CheckModel):
    """A check that shows any parameters and never judges: the findings here are written by hand."""

    model_config = ConfigDict(extra="allow", frozen=True)

    def evaluate(self, subject: Subject, context: Context) -> Verdict:
        """Refuse: nothing here is judged."""
        return Verdict.not_evaluated("a stand-in judges nothing")


def check(kind: str, **parameters: object) -> StandIn:
    """A stand-in check of `kind` with `parameters`."""
    kinds: type[StandIn] = type("StandIn", (StandIn,), {"kind": kind, "__module__": __name__})
    return kinds(**parameters)


def at(text: str) -> datetime:
    """A moment in UTC from an ISO date or datetime."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _maps(*edges: str) -> tuple[ControlMapping, ...]:
    """`soc2:CC6.1 partial` or `… full if PRECONDITION`."""
    mappings = []
    for edge in edges:
        head, _, condition = edge.partition(" if ")
        identifier, strength = head.split()
        mappings.append(ControlMapping(id=identifier, strength=Strength(strength), preconditions=condition))
    return tuple(mappings)


def _rule(
    pack: str,
    identifier: str,
    title: str,
    judged_by: StandIn,
    *controls: str,
    select: str = "every secret",
    severity: Severity | None = None,
    remediation: str = "",
    line: int = 1,
) -> Rule:
    return Rule(
        id=identifier,
        pack=pack,
        title=title,
        check=judged_by,
        selector=Everything(text=select),
        severity=severity,
        controls=_maps(*controls),
        remediation=remediation,
        place=SourceLine(path=f"security/policies/{pack}.yaml", line=line),
    )


_LADDER = {"30d": "warning", "7d": "critical", "0d": "emergency"}
RULES = {
    rule.id: rule
    for rule in (
        _rule(
            "payments", "database-rotation", "Database passwords are replaced every 90 days",
            check("max-age", period="90d", alerts=_LADDER),
            "soc2:CC6.1 partial",
            "pci-dss-4.0.1:8.6.3 full if the secret belongs to an application or system account and 90 days is the period of the targeted risk analysis",
            select="class = database", line=24,
            remediation="Create a second database user, deploy it, then drop the old one.",
        ),
        _rule(
            "payments", "api-key-rotation", "API keys are replaced every 180 days",
            check("max-age", period="180d", alerts=_LADDER),
            "soc2:CC6.1 partial", "pci-dss-4.0.1:8.6.3 partial",
            select="class = api-key", line=31,
            remediation="Issue a new key at the provider, deploy it, then revoke the old key.",
        ),
        _rule(
            "payments", "encryption-key-rotation", "Encryption keys are replaced every year",
            check("max-age", period="365d", alerts=_LADDER),
            "soc2:CC6.1 partial", "pci-dss-4.0.1:3.7.4 full if the key protects account data",
            select="class = encryption-key", line=38,
            remediation="Rotate the key and re-encrypt with the new version.",
        ),
        _rule(
            "payments", "developers-no-production", "Developers cannot read production secrets",
            check("access", roles={"developer": "deny", "devops": "allow"}),
            "soc2:CC6.3 partial", "pci-dss-4.0.1:7.2.2 partial",
            select="environment = production", line=45, severity=Severity.HIGH,
            remediation="Remove the grant, or move the person to the operations role with approval.",
        ),
        _rule(
            "payments", "penetration-test", "An annual penetration test is attested",
            check("attested", every="annually"), "soc2:CC4.1 supporting",
            select="the policy document", line=60,
        ),
        _rule(
            "payments", "policy-reviewed", "The secrets policy is reviewed every quarter",
            check("policy-review"), "soc2:CC5.3 supporting",
            select="the policy document", line=66, severity=Severity.LOW,
            remediation="Review the policy with Security and Engineering and set the new date.",
        ),
        _rule(
            "baseline", "encrypted-at-rest", "Secrets are encrypted at rest",
            check("encrypted"), "soc2:CC6.1 partial", "pci-dss-4.0.1:8.3.2 partial", line=12,
        ),
        _rule(
            "baseline", "inventory-agrees", "The inventory agrees with the backends",
            check("inventory-drift"), "soc2:CC6.1 partial", "pci-dss-4.0.1:12.5.1 partial", line=18,
            remediation="Correct the row, or rotate the secret the row claims was rotated.",
        ),
        _rule(
            "baseline", "no-leak", "No secret stands in a repository or its history",
            check("no-leak", confidence=["proven", "likely"]),
            "soc2:CC7.1 partial",
            "pci-dss-4.0.1:8.6.2 full if every repository is scanned and the account can log in interactively",
            select="every leak", line=25, severity=Severity.CRITICAL,
            remediation="Rotate the secret first; then remove it from the history.",
        ),
        _rule(
            "baseline", "rotated-after-leak", "A leaked secret is replaced within 24 hours",
            check("rotated-after-leak", deadline="24h"),
            "soc2:CC7.4 partial", "pci-dss-4.0.1:8.6.3 full if the leak is a suspected compromise",
            select="every leak", line=32, severity=Severity.CRITICAL,
            remediation="Revoke the leaked value now; the deadline counts from its introduction.",
        ),
        _rule(
            "baseline", "owner-stated", "Every secret has an owner",
            check("required-metadata", fields=["owner"]), "soc2:CC6.1 partial", line=40,
            severity=Severity.LOW, remediation="Tag the secret with owner=TEAM.",
        ),
        _rule(
            "baseline", "not-unused", "No secret stays unused for 90 days",
            check("unused", after="90d"), "soc2:CC6.2 partial", line=46,
            remediation="Ask the owner, then delete it with a recovery window.",
        ),
        _rule(
            "baseline", "scan-complete", "Repositories are scanned in full",
            check("no-leak", coverage="complete"), "soc2:CC7.1 supporting",
            select="every repository", line=52,
        ),
    )
}  # fmt: skip


def _document(pack: str, title: str, reviewed: date) -> Document:
    return Document(
        pack=pack, name=title, owner="Security Team", reviewed=reviewed,
        review_every=parse_duration("quarterly"), approved_by=("Ines Okafor", "Engineering lead"),
        place=SourceLine(path=f"security/policies/{pack}.yaml", line=3),
    )  # fmt: skip


PAYMENTS = PolicyPack(
    id="payments", title="Payments secrets policy", version="2.3.0",
    document=_document("payments", "Payments secrets policy", date(2025, 10, 1)),
    classes=tuple(
        SecretClass(id=identifier, title=title, selector=Everything(text=glob), priority=priority)
        for identifier, title, glob, priority in (
            ("database", "Database passwords", "name ~ *database*", "critical"),
            ("api-key", "API keys", "name ~ *-api-key", "high"),
            ("encryption-key", "Encryption keys", "name ~ *encryption*", "critical"),
        )
    ),
    roles={"developer": ("*:role/developer",), "devops": ("*:role/devops",)},
    rules=tuple(rule for rule in RULES.values() if rule.pack == "payments"),
    digest="7b1e6c0f5a94d2837b1e6c0f5a94d2837b1e6c0f5a94d2837b1e6c0f5a94d283",
    disabled={"jwt-rotation": "replaced by encryption-key-rotation, SEC-88"},
    notes=("'bi-annually' can mean twice a year or every two years; read as 182 days",),
)  # fmt: skip
BASELINE = PolicyPack(
    id="baseline", title="Shipped baseline", version="1.0.0",
    document=_document("baseline", "Shipped baseline", date(2026, 1, 10)),
    classes=(), roles={}, rules=tuple(rule for rule in RULES.values() if rule.pack == "baseline"),
    digest="19fd03ab77c2e45819fd03ab77c2e45819fd03ab77c2e45819fd03ab77c2e458", disabled={},
)  # fmt: skip


def secret(
    identifier: str,
    *,
    source: str,
    backend: str,
    scope: str,
    value: str = "",
    basis: Basis = Basis.VERSION_CREATED,
    environment: str = "production",
    owner: str = "Platform Team",
    name: str = "",
    **more: Any,
) -> SecretMetadata:
    """A secret whose current value is of the date `value` (ISO, empty for unknown)."""
    confidence = Confidence.DECLARED if basis is Basis.INVENTORY else Confidence.EXACT
    facts = (DatedFact(at=at(value), basis=basis, confidence=confidence),) if value else ()
    record = SecretMetadata(
        id=identifier, name=name or identifier.split("//", 1)[1].split("/", 2)[-1], source=source,
        backend=backend, scope=scope, environment=environment, owner=owner, facts=facts,
        created_at=at("2024-05-02"),
    )  # fmt: skip
    return replace(record, **more)


def _aws(name: str, value: str, **more: Any) -> SecretMetadata:
    versions = (
        SecretVersion(id="v2", state=VersionState.CURRENT, created_at=at(value)),
        SecretVersion(id="v1", state=VersionState.PREVIOUS, created_at=at("2024-05-02")),
    )
    return secret(
        f"aws-secrets-manager://111122223333/eu-west-1/payments/{name}",
        name=f"payments/{name}", source="aws-prod", backend="aws-secrets-manager", scope="eu-west-1",
        value=value, versions=versions, **more,
    )  # fmt: skip


def _vault(path: str, value: str, **more: Any) -> SecretMetadata:
    return secret(
        f"vault://vault.example:8200/kv/{path}", name=f"kv/{path}", source="vault", backend="vault",
        scope="kv", value=value, **more,
    )  # fmt: skip


_ROW = SourceLine(path="docs/secrets.md", line=14, commit="4d1f0c22aa903b1785e3c1b09f2d4b6a7c8e9f01")
DATABASE = _aws(
    "production/database-password", "2025-10-03", owner="Dana Whitfield", priority="critical",
    tags={"team": "dba", "environment": "production"},
    rotation=Rotation(enabled=True, interval=timedelta(days=90), schedule="rate(90 days)", problem="the rotation function failed on 2026-01-01"),
    encryption=Encryption(encrypted=True, key="alias/payments", customer_managed=True),
    claims=(InventoryClaim(source="table", name="Database password", place=_ROW, last_rotated=date(2026, 1, 2)),),
)  # fmt: skip
STRIPE = _aws("production/stripe-api-key", "2025-11-05T09:15:00", owner="Billing Team")
SEARCH = _aws("production/search-api-key", "2025-09-20", owner="Platform Team")
OPENAI = _aws("production/openai-api-key", "2025-08-30", owner="Data Team")
STAGING_DATABASE = _aws(
    "staging/database-password", "2026-02-20", environment="staging", owner="Dana Whitfield"
)
FTP = _aws("production/legacy-ftp", "2023-03-14", owner="", last_accessed_at=at("2025-06-02"))
HOSTILE = _vault(
    f"production/{SCRIPT}\"'&-api-key", "2026-03-01", owner='Robert"); DROP TABLE--',
    grants=(AccessGrant(principal="auth/oidc/role/developer", actions=(Action.READ,), via="policy dev-read"),),
)  # fmt: skip
UNICODE = _vault("production/schlüssel-für-zürich-鍵-\u202egnp.encryption-key", "2025-03-20")
CONTROLS = _vault(f"production/{CONTROL_CHARACTERS}-database", "2026-02-01")
LONG = _vault(f"production/{LONG_NAME}", "2025-12-24")
REDIS = _vault(
    "staging/redis-database",
    "2025-11-30",
    environment="staging",
    unread={"grants": "sys/policies/acl/* is not readable"},
)
ROW = secret(
    "inventory://docs/secrets.md#Database%20password", source="table", backend="inventory", scope="docs/secrets.md",
    value="2026-01-02", basis=Basis.INVENTORY, owner="Dana Whitfield", name="Database password",
    declares=(DATABASE.id,), place=_ROW,
)  # fmt: skip
ORPHAN_ROW = secret(
    "inventory://docs/secrets.md#=HYPERLINK(%22x%22)", source="table", backend="inventory", scope="docs/secrets.md",
    owner="", environment="", name='=HYPERLINK("x")', place=replace(_ROW, line=19),
)  # fmt: skip
DOTENV = secret(
    "dotenv://shop-api/.env#SENTRY_DSN", source="dotenv", backend="dotenv", scope=".env", name=".env#SENTRY_DSN",
    value="2026-01-15", basis=Basis.ROW_COMMIT, environment="development", owner="Shop Team",
    attributes={"gitignored": False}, place=SourceLine(path=".env", line=3),
)  # fmt: skip
SECRETS = (
    DATABASE, STRIPE, SEARCH, OPENAI, STAGING_DATABASE, FTP, HOSTILE, UNICODE, CONTROLS, LONG, REDIS, ROW, ORPHAN_ROW, DOTENV,
)  # fmt: skip


def _seen(path: str, line: int, introduced: str, removed: str = "", **more: Any) -> Occurrence:
    commit = f"{line:x}".rjust(4, "0") * 10
    place = Occurrence(
        path=path, line=line, column=9, end_line=line, blob="b10b" * 10, commit=commit, commits=(commit,),
        author="Sam Field", author_email="sam@example.org", introduced_at=at(introduced),
        removed_at=at(removed) if removed else None, in_head=not removed,
    )  # fmt: skip
    return replace(place, **more)


def _leak(
    fingerprint: str, detector: str, title: str, confidence: LeakConfidence, *seen: Occurrence, **more: Any
) -> Leak:
    leak = Leak(
        fingerprint=fingerprint, detector=detector, title=title, secret_class="", repository="shop-api",
        confidence=confidence, preview=f"{detector}, 40 characters", occurrences=tuple(sorted(seen)),
        owner="Shop Team",
    )  # fmt: skip
    return replace(leak, **more)


PROVEN = _leak(
    "0a1b2c3d4e5f6071", "github-token", "GitHub personal access token", LeakConfidence.PROVEN,
    _seen("deploy/release.sh", 12, "2025-11-04T16:20:00", "2025-11-05T08:02:00"),
    _seen(f"docs/{SCRIPT}.md", 40, "2025-11-04T16:20:00", "2025-11-20T10:00:00"),
    preview="github-token, 40 characters, gh" + "p_",
)  # fmt: skip
LIKELY = _leak(
    "9f8e7d6c5b4a3928", "postgres-url", "PostgreSQL connection string", LeakConfidence.LIKELY,
    _seen("config/settings.py", 31, "2026-02-11T13:45:00"), secret_class="database",
)  # fmt: skip
EXAMPLE = _leak(
    "1122334455667788", "stripe-secret-key", "Stripe secret key", LeakConfidence.EXAMPLE,
    _seen("README.md", 88, "2024-08-01T09:00:00"),
)  # fmt: skip
ALLOWED = _leak(
    "aabbccddeeff0011", "generic-assignment", "Generic secret assignment", LeakConfidence.LIKELY,
    _seen("tests/fixtures/users.json", 5, "2025-06-18T11:00:00"), allowed="inline marker `keyproof:allow`",
)  # fmt: skip
BASELINED = _leak(
    "5566778899aabbcc", "slack-webhook", "Slack webhook", LeakConfidence.PROVEN,
    _seen("ops/notify.rb", 7, "2023-02-03T15:00:00", "2024-02-01T15:00:00", decoded=("base64",)),
)  # fmt: skip
LEAKS = (PROVEN, LIKELY, EXAMPLE, ALLOWED, BASELINED)
BASELINED_ID = finding_id(pack="baseline", rule="no-leak", check="no-leak", subject=BASELINED.id)

COVERAGE = Coverage(
    repository="shop-api", mode="history", blobs_scanned=48_211, blobs_skipped={"excluded": 12},
    notes=("the submodule vendor/tool is a repository of its own",),
    bytes_scanned=913_004_112, commits=6_402, refs=37,
)  # fmt: skip
SHALLOW = Coverage(
    repository="legacy-batch", mode="history", blobs_scanned=310, blobs_skipped={"missing": 4}, commits=1, refs=1,
    bytes_scanned=1_204_882, shallow=True, problems=("the clone is shallow; run `git fetch --unshallow`",),
)  # fmt: skip
SHOP = Repository(name="shop-api", coverage=COVERAGE, leaks=len(LEAKS), owner="Shop Team")
BATCH = Repository(name="legacy-batch", coverage=SHALLOW, leaks=0)
SCAN = LeakScan(leaks=LEAKS, coverage=COVERAGE)

_AWS_FACTS = (
    Evidence(name="identity", value="arn:aws:sts::111122223333:assumed-role/auditor/keyproof"),
    Evidence(name="calls", value="ListSecrets × 1, DescribeSecret × 7"),
    Evidence(name="pages", value="1, last page reached"),
    Evidence(name="listed", value="7"),
    Evidence(name="excluded", value="1 by include: payments/*"),
)
SCOPES = (
    Scope(source="aws-prod", kind="aws-secrets-manager", scope="eu-west-1", status=ScopeStatus.OK, subjects=6, evidence=_AWS_FACTS),
    Scope(
        source="aws-prod", kind="aws-secrets-manager", scope="us-east-1", status=ScopeStatus.DENIED, subjects=0,
        reason="the role may not call secretsmanager:ListSecrets here", hint="grant secretsmanager:ListSecrets in us-east-1", evidence=_AWS_FACTS[:1],
    ),
    Scope(source="dotenv", kind="dotenv", scope=".env", status=ScopeStatus.OK, subjects=1),
    Scope(source="git", kind="repository", scope="legacy-batch", status=ScopeStatus.PARTIAL, subjects=0, reason="the clone is shallow", hint="run `git fetch --unshallow`", coverage=SHALLOW),
    Scope(source="git", kind="repository", scope="shop-api", status=ScopeStatus.OK, subjects=5, coverage=COVERAGE),
    Scope(source="table", kind="inventory", scope="docs/secrets.md", status=ScopeStatus.OK, subjects=2, evidence=(Evidence(name="rows", value="2 of 2 read"),)),
    Scope(
        source="vault", kind="vault", scope="kv", status=ScopeStatus.PARTIAL, subjects=5, reason="the policies of one path are not readable",
        hint="grant read on sys/policies/acl/*", evidence=(Evidence(name="identity", value="auth/approle/role/keyproof"), Evidence(name="pages", value="3 lists, last one reached")),
    ),
)  # fmt: skip
SOURCES = (
    SourceRecord(id="aws-prod", kind="aws-secrets-manager", permissions=("secretsmanager:ListSecrets", "secretsmanager:DescribeSecret")),
    SourceRecord(id="dotenv", kind="dotenv", permissions=("list the folders", "read the files")),
    SourceRecord(id="table", kind="inventory", permissions=("read the file",)),
    SourceRecord(id="vault", kind="vault", permissions=("list KV2/metadata/*", "read KV2/metadata/*", "list sys/policies/acl", "read sys/policies/acl/*")),
)  # fmt: skip


def find(
    rule: str,
    subject: Subject,
    outcome: Outcome,
    reason: str,
    *,
    severity: Severity = Severity.MEDIUM,
    formula: str = "",
    facts: Iterable[tuple[str, str]] = (),
    **more: Any,
) -> Finding:
    """The finding of `rule` on `subject`, its remaining fields from the rule itself."""
    judged = RULES[rule]
    finding = Finding(
        id=finding_id(pack=judged.pack, rule=rule, check=judged.check.kind, subject=subject.id),
        rule=rule, rule_title=judged.title, pack=judged.pack, check=judged.check.kind, subject=subject.id,
        outcome=outcome, severity=judged.severity or severity,
        severity_reason=formula or (f"stated by the rule = {judged.severity}" if judged.severity else f"base {severity} = {severity}"),
        reason=reason, evidence=tuple(Evidence(name=name, value=value) for name, value in facts),
        controls=judged.controls, remediation=judged.remediation, rule_place=judged.place,
        locations=_places(subject),
    )  # fmt: skip
    return replace(finding, **more)


def _places(subject: Subject) -> tuple[SourceLine, ...]:
    if isinstance(subject, Leak):
        return tuple(SourceLine(path=o.path, line=o.line, commit=o.commit or "") for o in subject.occurrences)
    if isinstance(subject, SecretMetadata):
        return (subject.place,) if subject.place else tuple(claim.place for claim in subject.claims)
    return ()


def aged(rule: str, subject: SecretMetadata, severity: Severity = Severity.HIGH, **more: Any) -> Finding:
    """The finding of a max-age rule, from the subject's own date."""
    fact = subject.value_date
    assert fact is not None
    period: Duration = parse_duration(str(getattr(RULES[rule].check, "period")))  # noqa: B009 (a field of the stand-in only)
    due = period.due(fact.at.date())
    days, left = (TODAY - fact.at.date()).days, (due - TODAY).days
    facts = [
        ("value date", f"{fact.at:%Y-%m-%d} ({fact.basis}, {fact.confidence})"),
        ("age", f"{days} d"),
        ("period", period.text),
    ]
    if left < 0:
        reason = f"the value is {days} days old; its {period.text} ended on {due}, {-left} days ago"
        formula = (
            f"base medium, +1 priority critical = {severity}"
            if severity is Severity.HIGH
            else f"base medium = {severity}"
        )
        return find(
            rule,
            subject,
            Outcome.FAIL,
            reason,
            severity=severity,
            formula=formula,
            facts=facts,
            due=due,
            days_overdue=-left,
            **more,
        )
    alert = "critical" if left <= 7 else "warning" if left <= 30 else ""
    reason = f"the value is {days} days old; it is due on {due}"
    return find(
        rule,
        subject,
        Outcome.PASS,
        reason,
        severity=severity,
        facts=facts,
        due=due,
        days_overdue=0,
        alert=alert,
        **more,
    )


def _findings() -> tuple[Finding, ...]:
    fail, ok, unknown = Outcome.FAIL, Outcome.PASS, Outcome.NOT_EVALUATED
    late = [("leaked", "2026-02-11 13:45 UTC"), (DATABASE.id, "value of 2025-10-03 (version-created)")]
    timely = [
        ("leaked", "2025-11-04 16:20 UTC"),
        (STRIPE.id, "value of 2025-11-05 09:15 UTC (version-created)"),
    ]
    found = [
        aged("database-rotation", DATABASE, Severity.CRITICAL),
        aged("database-rotation", STAGING_DATABASE), aged("database-rotation", CONTROLS), aged("database-rotation", REDIS, Severity.LOW),
        aged("api-key-rotation", STRIPE), aged("api-key-rotation", SEARCH), aged("api-key-rotation", HOSTILE),
        aged("api-key-rotation", OPENAI, Severity.MEDIUM, waiver="W-2026-01"),
        aged("encryption-key-rotation", UNICODE),
        find("developers-no-production", HOSTILE, fail, "auth/oidc/role/developer can read it through policy dev-read", facts=[("grant", "auth/oidc/role/developer read via policy dev-read")]),
        find("developers-no-production", DATABASE, ok, "no principal of the role developer can read it"),
        find("developers-no-production", REDIS, unknown, "who may read it is unknown: sys/policies/acl/* is not readable"),
        find("penetration-test", PAYMENTS.document, Outcome.MANUAL, "attested by Ines Okafor on 2025-11-20, valid until 2026-11-20", facts=[("statement", "Annual test by an external firm; report PT-25-11.")]),
        find("policy-reviewed", PAYMENTS.document, fail, "the policy was last reviewed on 2025-10-01; the review was due on 2025-12-31", due=date(2025, 12, 31), days_overdue=75, facts=[("reviewed", "2025-10-01")]),
        find("encrypted-at-rest", DATABASE, ok, "encrypted with the customer managed key alias/payments", facts=[("key", "alias/payments")]),
        find("encrypted-at-rest", DOTENV, fail, ".env is a plain text file", severity=Severity.LOW, formula="base medium, -1 environment development = low", waiver="W-2026-02"),
        find("inventory-agrees", ROW, fail, "the row claims a rotation on 2026-01-02, but the current value is of 2025-10-03", severity=Severity.HIGH, facts=[("row", "docs/secrets.md:14"), ("claimed", "2026-01-02"), ("value date", "2025-10-03 (version-created)")]),
        find("inventory-agrees", ORPHAN_ROW, unknown, "it may stand in us-east-1, which could not be read"),
        find("no-leak", PROVEN, fail, "a proven GitHub personal access token stands in the history of shop-api in 2 places", facts=[("introduced", "2025-11-04T16:20:00Z"), ("removed", "2025-11-20T10:00:00Z")]),
        find("no-leak", LIKELY, fail, "a likely PostgreSQL connection string stands in config/settings.py of shop-api", facts=[("introduced", "2026-02-11T13:45:00Z")]),
        find("no-leak", EXAMPLE, ok, "it is a value published in the provider's documentation"),
        find("no-leak", ALLOWED, ok, "allowed by the inline marker `keyproof:allow`"),
        find("no-leak", BASELINED, fail, "a proven Slack webhook stands in the history of shop-api", baseline=BASELINED_ID),
        find("rotated-after-leak", PROVEN, ok, "replaced 16 h 55 min after its introduction, before the deadline", facts=timely),
        find("rotated-after-leak", LIKELY, fail, "leaked and still the live value of payments/production/database-password", facts=late, due=date(2026, 2, 12), days_overdue=32),
        find("owner-stated", FTP, fail, "no owner is stated"), find("owner-stated", DATABASE, ok, "the owner is Dana Whitfield"),
        find("owner-stated", LONG, ok, "the owner is Platform Team"),
        find("not-unused", FTP, fail, "it was last read on 2025-06-02, 287 days ago", facts=[("last accessed", "2025-06-02")]),
        find("not-unused", DOTENV, Outcome.NOT_APPLICABLE, "a .env file records no reads"),
        find("scan-complete", SHOP, ok, "every blob of 37 refs was looked at"),
        find("scan-complete", BATCH, unknown, "the clone is shallow; run `git fetch --unshallow`"),
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda finding: (finding.pack, finding.rule, finding.subject)))


_CONTROLS = (
    ("soc2:CC4.1", "Ongoing and separate evaluations", "Evaluations ascertain whether controls are present and functioning.", "whether the evaluation was competent"),
    ("soc2:CC5.3", "Policies and procedures", "Control activities are deployed through policies.", "whether people follow the policy"),
    ("soc2:CC6.1", "Logical access security", "Access to protected assets is restricted; credentials are managed through their life.", "approvals, and secrets outside the systems read here"),
    ("soc2:CC6.2", "Registration and removal of access", "Credentials are removed when access is no longer authorised.", "who has left the organisation"),
    ("soc2:CC6.3", "Role based access and least privilege", "Access follows roles and segregation of duties.", "whether a role is the right one for a person"),
    ("soc2:CC6.7", "Transmission and movement of information", "Movement of information is restricted to authorised users.", "messages and calls"),
    ("soc2:CC7.1", "Detection of vulnerabilities", "Configuration changes and new vulnerabilities are detected.", "repositories not listed here"),
    ("soc2:CC7.4", "Response to incidents", "Incidents are contained and remedied.", "communication during the incident"),
    ("pci-dss-4.0.1:3.7.4", "Cryptographic keys at the end of the cryptoperiod", "Keys are changed when their cryptoperiod ends.", "whether a key protects account data"),
    ("pci-dss-4.0.1:7.2.2", "Access by job classification", "Access is assigned by job function and least privilege.", "job functions"),
    ("pci-dss-4.0.1:8.3.2", "Authentication factors are unreadable", "Strong cryptography protects factors in transit and storage.", "transit between services"),
    ("pci-dss-4.0.1:8.6.2", "Passwords are not hard coded", "No password of an interactive system account stands in scripts or source.", "whether the account can log in interactively"),
    ("pci-dss-4.0.1:8.6.3", "Application passwords are protected against misuse", "They change at the frequency of the targeted risk analysis and upon compromise.", "the risk analysis itself"),
    ("pci-dss-4.0.1:12.5.1", "Inventory of system components", "An inventory in scope is kept and current.", "components that hold no secret"),
)  # fmt: skip
FRAMEWORKS = (
    Framework(
        id="soc2", title="SOC 2 trust services criteria", edition="2017, points of focus of 2022", controls=()
    ),
    Framework(id="pci-dss-4.0.1", title="PCI DSS", edition="4.0.1, June 2024", controls=()),
)
_ORDER = ("pass", "fail", "waived", "not_evaluated", "manual", "not_applicable")


def _key(finding: Finding) -> str:
    waived = finding.outcome is Outcome.FAIL and not finding.gates
    return "waived" if waived else finding.outcome.value.replace("-", "_")


def judge_controls(findings: Sequence[Finding]) -> tuple[ControlResult, ...]:
    """What the findings say about every control of the two frameworks."""
    results = []
    for identifier, title, demands, blind in _CONTROLS:
        edges = [edge for finding in findings for edge in finding.controls if edge.id == identifier]
        counts = Counter(
            _key(finding) for finding in findings for edge in finding.controls if edge.id == identifier
        )
        if counts["fail"]:
            outcome = Outcome.FAIL
        elif counts["not_evaluated"] or not edges:
            outcome = Outcome.NOT_EVALUATED
        elif counts["waived"]:
            outcome = Outcome.FAIL
        else:
            outcome = Outcome.MANUAL if counts["manual"] else Outcome.PASS
        strengths = ", ".join(sorted({edge.strength.value for edge in edges}))
        note = (
            f"Evidence strength: {strengths}."
            if edges
            else "No rule of the loaded packs gives evidence for this control."
        )
        control = Control(
            id=identifier,
            framework=identifier.partition(":")[0],
            title=title,
            demands=demands,
            scan_cannot_show=blind,
        )
        results.append(
            ControlResult(
                control=control, outcome=outcome, counts={key: counts[key] for key in _ORDER}, note=note
            )
        )
    return tuple(results)  # fmt: skip


def summarise(findings: Sequence[Finding], scopes: Sequence[Scope]) -> Summary:
    """Counts over `findings`, with the exit code they mean."""
    counts = Counter(_key(finding) for finding in findings)
    gating = Counter(finding.severity.value for finding in findings if finding.gates)
    gaps = sum(scope.status is not ScopeStatus.OK for scope in scopes)
    code = 1 if counts["fail"] else 3 if gaps or counts["not_evaluated"] else 0
    return Summary(
        passed=counts["pass"], failed=counts["fail"], waived=counts["waived"], not_evaluated=counts["not_evaluated"],
        manual=counts["manual"], not_applicable=counts["not_applicable"], gaps=gaps, exit_code=code,
        by_severity={severity.value: gating[severity.value] for severity in Severity},
    )  # fmt: skip


def _waiver(identifier: str, rule: str, until: str, reason: str, **more: Any) -> Waiver:
    waiver = Waiver(
        id=identifier, rule=rule, control="", selector=Everything(text="name = one secret"), reason=reason, ticket=f"SEC-{identifier[-2:]}",
        requested_by="Data Team", approved_by=("Ines Okafor", "Tom Brandt"), starts=date(2025, 9, 1), until=date.fromisoformat(until),
        place=SourceLine(path="security/waivers.yaml", line=4),
    )  # fmt: skip
    return replace(waiver, **more)


def _waivers(findings: Sequence[Finding]) -> tuple[WaiverRecord, ...]:
    waivers = (
        _waiver("W-2025-09", "database-rotation", "2025-12-31", "Staging cache is being retired", compensating_control="The host is reachable from the VPN only"),
        _waiver("W-2026-01", "api-key-rotation", "2026-06-30", f"The provider has no second key; {SCRIPT}", compensating_control="Spend limit and alert at the provider"),
        _waiver("W-2026-02", "encrypted-at-rest", "2026-03-25", "Local development only"),
        _waiver("W-2026-03", "owner-stated", "2026-05-01", "Ownership is being sorted out"),
        _waiver("W-2026-04", "no-leak", "2026-04-10", "The history is about to be rewritten", approved_by=("Tom Brandt",)),
        _waiver("W-2026-05", "not-unused", "2026-06-01", "The provider is being replaced", starts=date(2026, 4, 1)),
    )  # fmt: skip
    records = []
    for waiver in waivers:
        used = tuple(finding.id for finding in findings if finding.waiver == waiver.id)
        fault = waiver.refusal(Severity.CRITICAL, TODAY) if len(waiver.approved_by) < 2 else ""
        records.append(
            WaiverRecord(
                waiver=waiver,
                state=waiver.state_on(TODAY, used=bool(used), refused=bool(fault)),
                findings=used,
                problems=(fault,) if fault else (),
            )
        )
    return tuple(records)


def _baseline(findings: Sequence[Finding]) -> tuple[BaselineRecord, ...]:
    """An entry in each state: one accepts, one ended and its failure is open again, one is not needed."""
    failing = {finding.id: finding for finding in findings if finding.outcome is Outcome.FAIL}
    known = {(finding.rule, finding.subject): finding.id for finding in findings}
    entries = (
        (BASELINED_ID, "baseline/no-leak", BASELINED.id, "2026-12-31", "failed before keyproof was adopted"),
        (known["not-unused", FTP.id], "baseline/not-unused", FTP.id, "2026-02-28", f"waits for the owner; {SCRIPT}"),
        (known["api-key-rotation", OPENAI.id], "payments/api-key-rotation", OPENAI.id, "2026-03-20", "one key only"),
        ("00ff00ff00ff00ff", "baseline/owner-stated", "vault://vault.example:8200/kv/gone", "2026-06-30", "no owner yet"),
    )  # fmt: skip
    records = []
    for line, (identifier, rule, about, until, reason) in enumerate(entries):
        entry = BaselineEntry(
            id=identifier, rule=rule, subject=about, owner="Shop Team", until=date.fromisoformat(until), reason=reason,
            place=SourceLine(path="security/baseline.yaml", line=6 + 6 * line),
        )  # fmt: skip
        records.append(BaselineRecord(entry=entry, state=entry.state_on(TODAY, used=identifier in failing)))
    return tuple(sorted(records, key=lambda record: record.entry.id))


def _class_of(subject: Subject) -> str:
    if isinstance(subject, Leak):
        return subject.secret_class
    name = getattr(subject, "name", "")
    marks = (("database", "database"), ("-api-key", "api-key"), ("encryption", "encryption-key"))
    return next((found for mark, found in marks if mark in name), "")


def record(subject: Subject, secret_class: str = "") -> SubjectRecord:
    """`subject` as the report shows it."""
    return SubjectRecord(
        subject=subject, secret_class=secret_class or _class_of(subject), priority=subject.priority
    )


def run_info() -> RunInfo:
    """How the golden run was made."""
    return RunInfo(
        id="0f8fad5b-d9cb-569f-a165-70867728950e", version="0.1.0", as_of=AS_OF, started=at("2026-03-16T09:30:02"),
        finished=at("2026-03-16T09:31:40"), organisation="Larkfield Payments Ltd", policy_digest="c0ffee" * 10 + "c0ff",
        config_digest="5eed" * 16, fail_on=Severity.LOW,
        identity="arn:aws:sts::111122223333:assumed-role/auditor/keyproof; auth/approle/role/keyproof",
    )  # fmt: skip


def assessment(
    findings: Sequence[Finding], subjects: Iterable[Subject], scopes: Sequence[Scope]
) -> Assessment:
    """An assessment whose counts, controls and waivers follow from `findings`."""
    return Assessment(
        run=run_info(),
        packs=(BASELINE, PAYMENTS),
        scopes=tuple(scopes),
        subjects=tuple(sorted((record(subject) for subject in subjects), key=lambda r: r.subject.id)),
        findings=tuple(findings),
        controls=judge_controls(findings),
        waivers=_waivers(findings),
        summary=summarise(findings, scopes),
        frameworks=FRAMEWORKS,
        sources=tuple(one for one in SOURCES if any(scope.source == one.id for scope in scopes)),
    )


def golden() -> Assessment:
    """The realistic organisation: every outcome, every state of a waiver and of a baseline entry, hostile names."""
    subjects = (*SECRETS, *LEAKS, SHOP, BATCH, PAYMENTS.document, BASELINE.document)
    findings = _findings()
    return replace(assessment(findings, subjects, SCOPES), baseline=_baseline(findings))


def clean() -> Assessment:
    """A run without exceptions and without gaps."""
    findings = [finding for finding in _findings() if finding.outcome is Outcome.PASS]
    scopes = [scope for scope in SCOPES if scope.status is ScopeStatus.OK]
    about = {finding.subject for finding in findings}
    subjects = [s for s in (*SECRETS, *LEAKS, SHOP) if s.id in about]
    return assessment(findings, subjects, scopes)


def incomplete() -> Assessment:
    """A run without exceptions, but with scopes that could not be read."""
    whole = clean()
    return replace(whole, scopes=SCOPES, sources=SOURCES, summary=summarise(whole.findings, SCOPES))


def empty() -> Assessment:
    """A run in which nothing was in scope."""
    return assessment((), (), ())


def big(secrets: int = 2_000) -> Assessment:
    """An organisation with `secrets` secrets in AWS, three findings each."""
    owners = ("Billing Team", "Data Team", "Platform Team", "Security Team", "Shop Team")
    rules = (
        ("database-rotation", "database"),
        ("api-key-rotation", "-api-key"),
        ("encryption-key-rotation", "encryption"),
    )
    subjects, findings = [], []
    for number in range(secrets):
        rule, mark = rules[number % 3]
        value = TODAY - timedelta(days=(number * 37) % (110, 200, 390)[number % 3])
        subject = _aws(
            f"{('production', 'staging', 'development')[number % 5 % 3]}/service-{number:04d}/{mark}",
            value.isoformat(), owner=owners[number % 5], environment=("production", "staging", "development")[number % 5 % 3],
        )  # fmt: skip
        subjects.append(subject)
        findings += [
            aged(rule, subject, list(Severity)[number % 4]),
            find(
                "encrypted-at-rest",
                subject,
                Outcome.PASS,
                "encrypted with the customer managed key alias/payments",
            ),
            find("owner-stated", subject, Outcome.PASS, f"the owner is {subject.owner}"),
        ]
    scope = Scope(
        source="aws-prod",
        kind="aws-secrets-manager",
        scope="eu-west-1",
        status=ScopeStatus.OK,
        subjects=secrets,
        evidence=_AWS_FACTS,
    )
    findings.sort(key=lambda finding: (finding.pack, finding.rule, finding.subject))
    return assessment(findings, subjects, [scope])
