"""What gives access to the server itself: tokens, AppRole secret ids and leases, each by a handle that is no secret."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from keyproof.domain.assessment import Collected
from keyproof.domain.secret import Basis, Confidence, DatedFact, SecretMetadata
from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError, BackendProtocolError
from keyproof.vault.entries import Maker, listed, made
from keyproof.vault.kv import go_time
from keyproof.vault.reading import Reading

_GONE = ("invalid accessor", "invalid lease")


def token_secrets(reading: Reading) -> Iterator[Collected]:
    """Every token that is listed; batch tokens are not kept by the server, so nobody can list them."""
    yield Evidence(name="batch tokens", value="not kept by the server, and not read")
    for accessor in listed(reading, "accessors"):
        if not isinstance(accessor, str):
            yield accessor
        elif reading.wanted(accessor):
            body = {"accessor": accessor}
            yield from _looked_up(reading, "lookup-accessor", accessor, body, _token)


def approle_secrets(reading: Reading) -> Iterator[Collected]:
    """Every secret id of every role."""
    for role in listed(reading, "role"):
        if not isinstance(role, str):
            yield role
            continue
        for accessor in listed(reading, f"role/{role}/secret-id"):
            if not isinstance(accessor, str):
                yield accessor
            elif reading.wanted(name := f"role/{role}/secret-id/{accessor}"):
                path = f"role/{role}/secret-id-accessor/lookup"
                yield from _looked_up(reading, path, name, {"secret_id_accessor": accessor}, _secret_id)


def lease_secrets(reading: Reading) -> Iterator[Collected]:
    """Every lease of a secrets engine; those of logins are told as tokens."""
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        for key in listed(reading, f"lookup/{folder}"):
            if not isinstance(key, str):
                yield key
            elif key.endswith("/"):
                waiting += [] if folder + key == "auth/" else [folder + key]
            elif reading.wanted(folder + key):
                yield from _looked_up(reading, "lookup", folder + key, {"lease_id": folder + key}, _lease)


def _looked_up(
    reading: Reading, path: str, name: str, body: Mapping[str, str], make: Maker
) -> Iterator[Collected]:
    mount = reading.mount
    try:
        answer = mount.client.ask("POST", mount.place.mount + path, body=body)
    except AccessDeniedError as error:
        yield reading.denied(path, error)
    except BackendProtocolError as error:
        if not any(word in error.message for word in _GONE):  # it ended since it was listed
            raise
    else:
        if answer.found:
            yield made(reading, name, name, answer.data, make)


def _token(reading: Reading, accessor: str, data: Mapping[str, Any]) -> SecretMetadata:
    made_at, ends = datetime.fromtimestamp(data["creation_time"], UTC), go_time(data.get("expire_time"))
    policies = sorted({*map(str, data.get("policies") or ()), *map(str, data.get("identity_policies") or ())})
    found: dict[str, str | int | bool] = {
        "display-name": str(data.get("display_name") or ""),
        "policies": ", ".join(policies),
        "root": "root" in policies,
        "orphan": bool(data.get("orphan")),
        "renewable": bool(data.get("renewable")),
        "period": int(data.get("period") or 0),
        "ttl": int(data.get("ttl") or 0),
        "explicit-max-ttl": int(data.get("explicit_max_ttl") or 0),
        "uses-left": int(data.get("num_uses") or 0) or "unlimited",
        "never-expires": ends is None,
        "made-by": str(data.get("path") or ""),
    }
    return _dated(reading, accessor, made_at, ends, found, "token")


def _secret_id(reading: Reading, name: str, data: Mapping[str, Any]) -> SecretMetadata:
    ends = go_time(data.get("expiration_time"))
    found: dict[str, str | int | bool] = {
        "ttl": int(data.get("secret_id_ttl") or 0),
        "uses-left": int(data.get("secret_id_num_uses") or 0) or "unlimited",
        "cidr": ", ".join(map(str, data.get("cidr_list") or ())),
        "token-cidr": ", ".join(map(str, data.get("token_bound_cidrs") or ())),
        "never-expires": ends is None,
    }
    return _dated(reading, name, go_time(data.get("creation_time")), ends, found, "secret-id")


def _lease(reading: Reading, name: str, data: Mapping[str, Any]) -> SecretMetadata:
    ends = go_time(data.get("expire_time"))
    found: dict[str, str | int | bool] = {
        "renewable": bool(data.get("renewable")),
        "ttl": int(data.get("ttl") or 0),
        "never-expires": ends is None,
    }
    if renewed := go_time(data.get("last_renewal")):
        found["last-renewal"] = renewed.isoformat()
    return _dated(reading, name, go_time(data.get("issue_time")), ends, found, "lease")


def _dated(
    reading: Reading,
    name: str,
    at: datetime | None,
    ends: datetime | None,
    found: dict[str, str | int | bool],
    kind: str,
) -> SecretMetadata:
    """A credential that is made once and never changes: its age is exact."""
    return reading.bare(
        name,
        uses=None,
        type=kind,
        created_at=at,
        facts=(DatedFact(at=at, basis=Basis.VERSION_CREATED, confidence=Confidence.EXACT),) if at else (),
        expires_at=ends,
        attributes=found,
        unread={} if at else {"facts": "the server states no time"},
    )
