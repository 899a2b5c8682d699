"""The Cloud KMS collector against a server that is held to Google's own discovery documents."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from keyproof.checks.key_strength import KeyStrength
from keyproof.checks.max_age import MaxAge
from keyproof.checks.rotation_enabled import RotationEnabled
from keyproof.collectors.google_kms import GoogleKmsCollector
from keyproof.domain.access import AccessGrant, Action
from keyproof.domain.assessment import Collected
from keyproof.domain.check import Context
from keyproof.domain.secret import Basis, Confidence, DatedFact, Rotation, SecretMetadata, SubjectKind
from keyproof.domain.verdict import Outcome
from keyproof.errors import AccessDeniedError
from keyproof.google.permissions import ACTIVITY, KMS
from keyproof.ports import Surroundings
from keyproof.rest.cloud import PARALLEL
from keyproof.value_operations import cloud_value
from tests.fakes.google import Google, google, logged
from tests.fakes.ports import NOW, FixedClock
from tests.fakes.reading import gaps, secrets, told
from tests.fakes.rest_server import Scripted

pytestmark = pytest.mark.server
FIRST = datetime(2025, 9, 1, tzinfo=UTC)
DECRYPTER = "roles/cloudkms.cryptoKeyDecrypter"
SHOP = "acme/europe-west3/shop"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Google]:
    with google(tmp_path) as running:
        running.roles = {DECRYPTER: ["cloudkms.cryptoKeyVersions.useToDecrypt"]}
        yield running
        for one in running.server.asked:
            assert not cloud_value(one.method, one.path), one
            assert one.method == "GET" or one.path.endswith((":getIamPolicy", "/entries:list", "/token"))


def _all(cloud: Google, **config: Any) -> list[Collected]:
    given = {"projects": "acme", "credentials": cloud.credentials(), "address": cloud.address, **config}
    here = Surroundings(root=Path("/"), environ={}, clock=FixedClock(), sleep=lambda _: None)
    collector = GoogleKmsCollector("keys", GoogleKmsCollector.Config.model_validate(given), here)
    return [item for scope in collector.scopes() for item in collector.collect(scope)]


def _one(cloud: Google, **config: Any) -> SecretMetadata:
    (found,) = secrets(_all(cloud, **config)).values()
    return found


def _outcome(check: KeyStrength | MaxAge | RotationEnabled, secret: SecretMetadata) -> Outcome:
    return check.evaluate(secret, Context(now=NOW)).outcome


def test_the_primary_version_dates_a_key_that_encrypts(cloud: Google) -> None:
    cloud.add_key(
        "db",
        {"generateTime": "2025-06-01T00:00:00Z"},
        {"state": "DESTROYED"},
        {},
        rotationPeriod="7776000s",
        nextRotationTime="2025-12-01T00:00:00Z",
        labels={"env": "production", "team": "shop"},
    )
    items = _all(cloud)
    found = secrets(items)[f"{SHOP}/db"]
    assert gaps(items) == []
    assert found.id == "google-kms://acme/europe-west3/shop/db"
    assert (found.kind, found.environment, found.owner) == (SubjectKind.KEY, "production", "shop")
    assert found.value_date == DatedFact(at=FIRST, basis=Basis.VERSION_CREATED, confidence=Confidence.EXACT)
    assert found.rotation == Rotation(
        enabled=True,
        interval=timedelta(days=90),
        schedule="every 90 days",
        next_at=datetime(2025, 12, 1, tzinfo=UTC),
        mechanism="Cloud KMS",
    )
    assert dict(found.attributes) == {
        "address": cloud.address,
        "purpose": "ENCRYPT_DECRYPT",
        "protection-level": "SOFTWARE",
        "hardware": False,
        "import-only": False,
        "key-type": "GOOGLE_SYMMETRIC_ENCRYPTION",
        "state": "enabled",
        "enabled": True,
        "versions": 3,
        "enabled-versions": 2,
    }
    assert set(found.unread) == {"last_accessed_at", "access_log"}


@pytest.mark.parametrize(
    ("period", "outcome"), [("7776000s", Outcome.PASS), ("8640000s", Outcome.FAIL), (None, Outcome.FAIL)]
)
def test_a_rule_can_demand_rotation_within_ninety_days(
    cloud: Google, period: str | None, outcome: Outcome
) -> None:
    """As CIS Google Cloud Platform Foundation Benchmark 1.10 does."""
    rotation = {"rotationPeriod": period, "nextRotationTime": "2025-11-01T00:00:00Z"} if period else {}
    cloud.add_key("db", **rotation)
    found = _one(cloud)
    assert _outcome(RotationEnabled.model_validate({"period": "90d"}), found) is outcome
    assert _outcome(MaxAge.model_validate({"period": "90d"}), found) is Outcome.PASS
    cloud.add_key("db", {"generateTime": "2025-06-01T00:00:00Z"}, **rotation)
    assert _outcome(MaxAge.model_validate({"period": "90d"}), _one(cloud)) is Outcome.FAIL


@pytest.mark.parametrize(
    ("purpose", "algorithm", "bits", "strong"),
    [
        ("ENCRYPT_DECRYPT", "GOOGLE_SYMMETRIC_ENCRYPTION", None, Outcome.PASS),
        ("ASYMMETRIC_SIGN", "RSA_SIGN_PSS_2048_SHA256", 2048, Outcome.FAIL),
        ("ASYMMETRIC_SIGN", "RSA_SIGN_PKCS1_4096_SHA512", 4096, Outcome.PASS),
        ("ASYMMETRIC_SIGN", "RSA_SIGN_RAW_PKCS1_3072", 3072, Outcome.PASS),
        ("ASYMMETRIC_DECRYPT", "RSA_DECRYPT_OAEP_3072_SHA1", 3072, Outcome.PASS),
        ("ASYMMETRIC_SIGN", "EC_SIGN_P256_SHA256", 256, Outcome.PASS),
        ("ASYMMETRIC_SIGN", "EC_SIGN_SECP256K1_SHA256", 256, Outcome.PASS),
        ("ASYMMETRIC_SIGN", "EC_SIGN_ED25519", None, Outcome.PASS),
        ("MAC", "HMAC_SHA256", 256, Outcome.PASS),
        ("RAW_ENCRYPT_DECRYPT", "AES_256_GCM", None, Outcome.PASS),
        ("KEY_ENCAPSULATION", "KEM_ECDH_P256", 256, Outcome.PASS),
        ("KEY_ENCAPSULATION", "ML_KEM_768", None, Outcome.NOT_EVALUATED),
        ("ASYMMETRIC_SIGN", "PQ_SIGN_SLH_DSA_SHA2_128S", None, Outcome.NOT_EVALUATED),
        ("ASYMMETRIC_SIGN", "PQ_SIGN_ML_DSA_65", None, Outcome.NOT_EVALUATED),
    ],
)
def test_type_and_length_of_a_key_can_be_judged(
    cloud: Google, purpose: str, algorithm: str, bits: int | None, strong: Outcome
) -> None:
    cloud.add_key("k", {"algorithm": algorithm}, purpose=purpose)
    found = _one(cloud)
    assert found.attributes["key-type"] == found.type == algorithm
    assert found.attributes.get("key-bits") == bits
    assert _outcome(KeyStrength.model_validate({"minimum": {"rsa": 3072}}), found) is strong


def test_only_keys_that_encrypt_are_rotated_by_google(cloud: Google) -> None:
    cloud.add_key("sign", {}, {"state": "DISABLED", "createTime": "2025-09-20T00:00:00Z"}, purpose="MAC")
    cloud.add_key("import", {"importTime": "2025-09-01T00:00:00Z"}, importOnly=True)
    level = {"protectionLevel": "EXTERNAL", "algorithm": "EXTERNAL_SYMMETRIC_ENCRYPTION"}
    cloud.add_key("outside", level, versionTemplate=level)
    found = secrets(_all(cloud))
    assert {name.rpartition("/")[2]: key.rotation for name, key in found.items()} == {
        "sign": None,
        "import": None,
        "outside": None,
    }
    dated = {name.rpartition("/")[2]: key.value_date for name, key in found.items()}
    exact = {name: date.confidence is Confidence.EXACT for name, date in dated.items() if date}
    assert exact == {"sign": True, "import": False, "outside": False}


@pytest.mark.parametrize(
    ("versions", "state", "gone"),
    [
        ([{"state": "DISABLED"}], "disabled", None),
        ([{"state": "PENDING_IMPORT"}], "pending", None),
        (
            [{"state": "DESTROYED", "destroyEventTime": "2025-09-20T00:00:00Z"}],
            "destroyed",
            datetime(2025, 9, 20, tzinfo=UTC),
        ),
        (
            [{"state": "DESTROYED"}, {"state": "DESTROY_SCHEDULED", "destroyTime": "2025-10-20T00:00:00Z"}],
            "destroy-scheduled",
            datetime(2025, 10, 20, tzinfo=UTC),
        ),
    ],
)
def test_a_key_that_cannot_be_used(cloud: Google, versions: Any, state: str, gone: datetime | None) -> None:
    cloud.add_key("db", *versions)
    found = _one(cloud)
    assert (found.attributes["state"], found.attributes["enabled"]) == (state, False)
    assert found.attributes["primary-disabled"] is True
    assert found.deletion == gone
    assert found.unread["facts"] == "no version is in use, so there is nothing that has an age"
    judged = _outcome(RotationEnabled.model_validate({"period": "90d"}), found)
    assert judged is (Outcome.NOT_APPLICABLE if gone else Outcome.FAIL)


def test_policies_of_key_ring_and_project_are_grants(cloud: Google) -> None:
    cloud.add_key("db")
    cloud.add_key("other")
    cloud.policies = {
        "db": {"bindings": [{"role": DECRYPTER, "members": ["user:key@acme"]}]},
        "shop": {"bindings": [{"role": DECRYPTER, "members": ["user:ring@acme"]}]},
        "projects/acme": {"bindings": [{"role": "roles/cloudkms.admin", "members": ["user:olga@acme"]}]},
    }
    cloud.denials = {
        "projects/acme": {
            "p": [
                {
                    "deniedPrincipals": ["principal://goog/subject/olga@acme"],
                    "deniedPermissions": ["cloudkms.googleapis.com/cryptoKeyVersions.*"],
                }
            ]
        }
    }
    found = secrets(_all(cloud))
    ring = AccessGrant(
        principal="user:ring@acme", actions=(Action.READ,), via=f"{DECRYPTER} on the key ring shop"
    )
    own = AccessGrant(principal="user:key@acme", actions=(Action.READ,), via=f"{DECRYPTER} on the key")
    above = AccessGrant(
        principal="user:olga@acme",
        actions=(Action.ADMIN, Action.LIST),
        via="roles/cloudkms.admin on projects/acme",
    )
    assert found[f"{SHOP}/db"].grants == (own, above, ring)
    assert found[f"{SHOP}/other"].grants == (above, ring)


def test_uses_of_a_key_are_told(cloud: Google) -> None:
    cloud.add_key("db")
    cloud.policies["projects/acme"] = {
        "auditConfigs": [
            {"service": "cloudkms.googleapis.com", "auditLogConfigs": [{"logType": "DATA_READ"}]}
        ]
    }
    entry = logged("Decrypt", "locations/europe-west3/keyRings/shop/cryptoKeys/db", at="2025-09-20T10:00:00Z")
    entry["protoPayload"] |= {"serviceName": "cloudkms.googleapis.com", "methodName": "Decrypt"}
    entry["logName"] = "projects/acme/logs/cloudaudit.googleapis.com%2Fdata_access"
    cloud.entries = [entry]
    found = _one(cloud, events=True)
    assert found.access_log is not None
    assert [(event.principal, event.action) for event in found.access_log.events] == [
        ("user:olga@acme", Action.READ)
    ]
    assert [trail.covers_reads for trail in found.audit or ()] == [True]


@pytest.mark.parametrize(
    ("part", "scope", "right"),
    [
        ("/locations/europe-west3/keyRings", "acme (europe-west3)", "cloudkms.keyRings.list"),
        (
            "GET /v1/projects/acme/locations/europe-west3/keyRings/shop/cryptoKeys",
            "",
            "cloudkms.cryptoKeys.list",
        ),
        ("/cryptoKeyVersions", "acme (versions)", "cloudkms.cryptoKeyVersions.list"),
        ("/keyRings/shop:getIamPolicy", "acme (grants)", "cloudkms.keyRings.getIamPolicy"),
        ("/cryptoKeys/db:getIamPolicy", "acme (grants)", "cloudkms.cryptoKeys.getIamPolicy"),
    ],
)
def test_a_right_that_is_missing_is_a_gap(cloud: Google, part: str, scope: str, right: str) -> None:
    cloud.add_key("db")
    cloud.denied[part] = []
    items = _all(cloud)
    (gap,) = gaps(items)
    assert gap.scope == (scope or "acme (europe-west3/shop)")
    assert f"{right} is missing" in gap.reason
    for found in secrets(items).values():
        if "versions" in part:
            continue
        assert right in found.unread.get("grants", found.unread.get("versions", ""))
        assert found.value_date is not None, "the primary version stands in the listing of keys"


def test_key_rings_share_the_connections(cloud: Google, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    connect = HTTPConnection.connect

    def counted(connection: HTTPConnection) -> None:
        made.append(connection.host)
        connect(connection)

    monkeypatch.setattr(HTTPConnection, "connect", counted)
    for number in range(3):
        for key in range(PARALLEL):
            cloud.add_key(f"k{key}", ring=f"europe-west3/r{number}")
    assert len(secrets(_all(cloud, access=False, audit=False))) == 3 * PARALLEL
    assert len(made) <= PARALLEL + 2, "each thread keeps its own, and so do this one and the one for tokens"


def test_locations_that_are_denied_end_the_scope(cloud: Google) -> None:
    cloud.denied["/locations"] = []
    with pytest.raises(AccessDeniedError, match=r"cloudkms\.locations\.list is missing"):
        _all(cloud)


def test_without_versions_a_key_that_signs_has_no_age(cloud: Google) -> None:
    cloud.add_key("sign", purpose="ASYMMETRIC_SIGN")
    cloud.denied["/cryptoKeyVersions"] = []
    found = _one(cloud)
    assert "cloudkms.cryptoKeyVersions.list is missing" in found.unread["facts"]
    assert "state" not in found.attributes


def test_locations_and_names_choose(cloud: Google) -> None:
    cloud.add_key("db")
    cloud.add_key("old")
    cloud.add_key("db", ring="global/shop")
    items = _all(cloud, locations=["europe-*"], exclude=["*/old"])
    assert set(secrets(items)) == {f"{SHOP}/db"}
    assert told(items)["left out by include and exclude"] == "1"
    assert not [one for one in cloud.server.asked if "/locations/global" in one.path]


def test_every_right_is_asked_for_and_no_other(cloud: Google) -> None:
    cloud.add_key("db")
    cloud.parents = {"projects/acme": "folders/7", "folders/7": "organizations/1"}
    cloud.policies["db"] = {"bindings": [{"role": DECRYPTER, "members": ["user:a"]}]}
    cloud.denials = {"organizations/1": {"guard": []}}
    asked = told(_all(cloud, events=True))["requests"]
    assert {part.rpartition(":")[0] for part in asked.split(", ")} == set(KMS) - {ACTIVITY}


def test_a_key_that_was_deleted_meanwhile_is_counted(cloud: Google) -> None:
    cloud.add_key("db")
    cloud.server.scripted.append(Scripted(path="/cryptoKeyVersions", status=404))
    items = _all(cloud, access=False)
    assert (secrets(items), gaps(items)) == ({}, [])
    assert told(items)["deleted while they were read"] == "1"


def test_a_key_ring_that_was_deleted_meanwhile_is_a_gap(cloud: Google) -> None:
    cloud.add_key("db")
    cloud.add_key("db", ring="europe-west3/web")
    cloud.server.scripted.append(Scripted(path="/keyRings/shop:getIamPolicy", status=404))
    items = _all(cloud)
    assert set(secrets(items)) == {"acme/europe-west3/web/db"}
    (gap,) = gaps(items)
    assert gap.scope == "acme (europe-west3/shop)"
    assert "it was deleted" in gap.reason


@pytest.mark.parametrize("part", ["/keyRings?", "/cryptoKeys?"])
def test_credentials_that_end_are_no_gap(cloud: Google, part: str) -> None:
    cloud.add_key("db")
    cloud.server.scripted += [Scripted(path=part, status=401)] * 2
    with pytest.raises(AccessDeniedError, match="does not accept the credentials"):
        _all(cloud, access=False, audit=False)
