"""Hypothesis strategies: any subject the domain can hold, sensible or not, and any moment to judge it at."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from keyproof.domain.access import AccessEvent, AccessGrant, AccessLog, Action, AuditTrail
from keyproof.domain.attestation import Attestation
from keyproof.domain.check import Context, Inventory
from keyproof.domain.duration import Duration, parse_duration
from keyproof.domain.leak import Coverage, Leak, LeakConfidence, Occurrence
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
    SubjectKind,
    VersionState,
)
from keyproof.domain.subject import Document, Repository

TABLE = "table"
"""Id of the inventory source in every context."""
CLASS = "openai-key"
ROLES = {"developer": ("dev-*",), "devops": ("ops-*", "*:role/devops")}

_EDGES = [datetime.min, datetime.max, datetime(2024, 2, 29), datetime(1970, 1, 1)]  # noqa: DTZ901, DTZ001 (made aware below)
moments = (
    st.datetimes(min_value=datetime(2025, 1, 1), max_value=datetime(2026, 1, 1)) | st.sampled_from(_EDGES)  # noqa: DTZ001 (same)
).map(lambda moment: moment.replace(tzinfo=UTC))
_days = moments.map(lambda moment: moment.date())
_seldom = st.one_of(st.none(), st.none(), st.none(), moments)
_spans = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=4_000))
_words = st.sampled_from(
    ["", "DevOps", "production", "staging", "critical", "low", "Vault / KMS", "—", "<b>&\n"]
)
_texts = st.text(max_size=8)
durations: st.SearchStrategy[Duration] = st.sampled_from(
    ["1d", "24h", "90d", "3mo", "quarterly", "on compromise", "15min", "9999y"]
).map(parse_duration)

facts = st.builds(DatedFact, at=moments, basis=st.sampled_from(Basis), confidence=st.sampled_from(Confidence))
versions = st.builds(
    SecretVersion,
    id=st.sampled_from(["1", "2", "3"]),
    state=st.sampled_from(VersionState),
    created_at=st.none() | moments,
    expires_at=st.none() | moments,
)
rotations = st.builds(
    Rotation,
    enabled=st.booleans(),
    interval=st.none() | _spans,
    schedule=st.sampled_from(["", "rate(30 days)"]),
    last_at=st.none() | moments,
    next_at=st.none() | moments,
    problem=st.sampled_from(["", "cannot be read"]),
)
claims = st.builds(
    InventoryClaim,
    source=st.just(TABLE),
    name=_texts,
    place=st.builds(SourceLine, path=st.just("docs/secrets.md"), line=st.integers(1, 99)),
    last_rotated=st.none() | _days,
    next_rotation=st.none() | _days,
    next_rotation_text=st.sampled_from(["", "On compromise"]),
    period=st.none() | durations,
    status=st.sampled_from(["", "current", "due-soon", "overdue", "Overdue", "gone"]),
    problems=st.lists(st.just("Owner: cannot be read"), max_size=1).map(tuple),
)
grants = st.builds(
    AccessGrant,
    principal=st.sampled_from(["*", "dev-ana", "ops-bo", "stranger"]),
    actions=st.lists(st.sampled_from(Action), max_size=3).map(tuple),
    via=st.sampled_from(["policy a", "policy b"]),
    effect=st.sampled_from(["allow", "deny"]),
    condition=st.sampled_from(["", "from the office"]),
)
trails = st.builds(
    AuditTrail,
    sink=st.sampled_from(["file/", "syslog/"]),
    enabled=st.booleans(),
    covers_reads=st.none() | st.booleans(),
    retention=st.none() | _spans,
)
events = st.builds(
    AccessEvent,
    at=moments,
    principal=st.sampled_from(["", "*", "dev-ana", "ops-bo", "stranger"]),
    action=st.sampled_from(Action),
    allowed=st.booleans(),
)
logs = st.builds(
    AccessLog,
    sink=st.just("file/"),
    since=moments,
    until=moments,
    events=st.lists(events, max_size=3).map(tuple),
)
attestations = st.builds(
    Attestation,
    id=st.sampled_from(["a", "b", "c"]),
    rule=st.sampled_from(["", "review"]),
    control=st.just("soc2:CC6.2"),
    statement=st.just("Done."),
    by=st.sampled_from(["Ana", "ana ", "Ben"]),
    at=_days,
    every=durations,
    evidence=st.sampled_from(["", "SEC-1"]),
)
_NUMBERS = ["256", "16", "2048", "0", "2024-02-29", "2025-06-01T23:30:00-05:00"]
_STATED = st.sampled_from(
    [
        *[
            "RSA_2048",
            "aes256-gcm96",
            "P-256",
            "ed25519",
            "http://127.0.0.1:8200",
            "https://u:p@x:8200/y",
            "http://[x",
        ],
        *[
            "openssl rand",
            "api_live_",
            "d1",
            "1.2",
            "yes",
            "no",
            "not read",
            "AWS Secrets Manager",
            "",
            *_NUMBERS,
        ],
    ]
)
_ATTRIBUTES = st.sampled_from(
    [
        *[
            "gitignored",
            "tracked",
            "example-file",
            "empty",
            "storage",
            "identity-policies",
            "key-type",
            "key-bits",
        ],
        *[
            "address",
            "tls",
            "tls-version",
            "tls-verified",
            "bits",
            "length",
            "character-classes",
            "generator",
        ],
        *["prefix", "digest", "reviewed"],
    ]
)
_FIELDS = [
    "access_log",
    "last_accessed_at",
    "digest",
    "facts",
    "versions",
    "rotation",
    "expires_at",
    "encryption",
    "grants",
    "audit",
    "tags",
    "gitignored",
]
secrets = st.builds(
    SecretMetadata,
    id=st.sampled_from(["a://1", "a://2", "dotenv://r/.env#KEY", "inventory://t#x"]),
    name=st.sampled_from(["prod/openai", "prod/db", "KEY", ""]),
    source=st.sampled_from(["live", TABLE]),
    backend=st.sampled_from(["aws-secrets-manager", "dotenv", "inventory", "vault"]),
    scope=_texts,
    kind=st.sampled_from(
        [SubjectKind.SECRET, SubjectKind.KEY, SubjectKind.CERTIFICATE, SubjectKind.CREDENTIAL]
    ),
    environment=_words,
    owner=_words,
    priority=_words,
    tags=st.dictionaries(st.sampled_from(["team", "contact", "Description"]), _words, max_size=2),
    created_at=st.none() | moments,
    facts=st.lists(facts, max_size=3).map(tuple),
    versions=st.none() | st.lists(versions, max_size=4).map(tuple),
    rotation=st.none() | rotations,
    expires_at=st.none() | moments,
    encryption=st.none()
    | st.builds(Encryption, encrypted=st.booleans(), key=_texts, customer_managed=st.none() | st.booleans()),
    deletion=_seldom,
    grants=st.none() | st.lists(grants, max_size=4).map(tuple),
    audit=st.none() | st.lists(trails, max_size=3).map(tuple),
    last_accessed_at=_seldom,
    access_log=st.none() | logs,
    replicas=st.sampled_from([(), (), ("eu-west-1",)]),
    claims=st.lists(claims, max_size=2).map(tuple),
    declares=st.lists(st.sampled_from(["a://1", "a://2", "a://gone"]), max_size=2, unique=True).map(tuple),
    attributes=st.dictionaries(_ATTRIBUTES, st.booleans() | st.integers(-1, 4096) | _STATED, max_size=4),
    unread=st.dictionaries(st.sampled_from(_FIELDS), st.just("the right is missing"), max_size=3),
)
_occurrences = st.builds(
    Occurrence,
    path=st.sampled_from(["app/.env", "a.py"]),
    line=st.integers(1, 9),
    column=st.integers(1, 9),
    end_line=st.integers(1, 9),
    commit=st.none() | st.just("c0ffee"),
    introduced_at=st.none() | moments,
    removed_at=st.none() | moments,
    in_head=st.booleans(),
    where=st.sampled_from(["history", "index", "worktree"]),
)
leaks = st.builds(
    Leak,
    fingerprint=st.just("0123456789abcdef"),
    detector=st.sampled_from(["openai-api-key", "generic"]),
    title=st.just("OpenAI API key"),
    secret_class=st.sampled_from(["", CLASS]),
    repository=st.just("shop"),
    confidence=st.sampled_from(LeakConfidence),
    preview=st.just("openai-api-key, 51 characters"),
    occurrences=st.lists(_occurrences, min_size=1, max_size=3).map(tuple),
    allowed=st.none() | st.just("baseline"),
    detected_at=st.none() | moments,
)
repositories = st.builds(
    Repository,
    name=st.just("shop"),
    leaks=st.integers(0, 3),
    coverage=st.builds(
        Coverage,
        repository=st.just("shop"),
        mode=st.just("history"),
        blobs_skipped=st.dictionaries(
            st.sampled_from(["size", "missing", "unreadable", "excluded"]), st.integers(0, 3), max_size=2
        ),
        shallow=st.booleans(),
        partial=st.booleans(),
        problems=st.lists(st.just("a pack is damaged"), max_size=1).map(tuple),
    ),
)
documents = st.builds(
    Document,
    pack=st.just("example"),
    name=st.just("Example"),
    reviewed=st.none() | _days,
    review_every=st.none() | durations,
    approved_by=st.lists(_words, max_size=2).map(tuple),
)
subjects = secrets | leaks | repositories | documents


@st.composite
def contexts(draw: st.DrawFn) -> Context:
    """A context in which any of the secrets may be live, declared, classified, read in part."""
    known = draw(st.lists(secrets, max_size=3, unique_by=lambda secret: secret.id))
    classified = draw(st.lists(st.sampled_from(["a://1", "a://2", "inventory://t#x"]), max_size=3))
    return Context(
        now=draw(moments),
        inventory=Inventory(
            secrets=tuple(sorted(known, key=lambda secret: secret.id)),
            inventory_sources=draw(st.sampled_from([frozenset[str](), frozenset({TABLE})])),
            complete_sources=draw(st.frozensets(st.sampled_from(["live", TABLE, "other"]))),
            live_sources=draw(st.frozensets(st.sampled_from(["live", "other"]))),
        ),
        roles=ROLES,
        secret_class=draw(st.sampled_from(["", CLASS])),
        classes=dict.fromkeys(classified, CLASS),
        has_classes=draw(st.booleans()),
        period=draw(st.none() | durations),
        period_rule="rotation",
        attestations=tuple(draw(st.lists(attestations, max_size=3, unique_by=lambda one: one.id))),
    )
