"""The accounts of a database engine: static and dynamic roles, and those by which the server connects."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from keyproof.domain.assessment import Collected
from keyproof.domain.secret import Basis, Confidence, DatedFact, Rotation, SecretMetadata
from keyproof.vault.entries import entries
from keyproof.vault.kv import go_time
from keyproof.vault.reading import Reading
from keyproof.vault.uses import connection_uses, dynamic_role_uses, static_role_uses

_NO_VALUE = "each reader gets an account of its own: no value is kept whose age could be known"
_UNDATED = "the server keeps no time at which the password of this account was set"
_NEVER = "the server has not changed the password yet"
_SYSTEM_TTL = 768 * 3600
"""Longest lease where neither role nor mount sets one (Vault's documentation of `max_lease_ttl`)."""


def database_secrets(reading: Reading) -> Iterator[Collected]:
    """Every role and connection of the mount, and a gap for each that may not be read."""
    yield from entries(reading, "static-roles", _static)
    yield from entries(reading, "roles", _dynamic)
    yield from entries(reading, "config", _connection)


def _static(reading: Reading, name: str, data: Mapping[str, Any]) -> SecretMetadata:
    last = go_time(data.get("last_vault_rotation"))
    schedule = str(data.get("rotation_schedule") or "")
    period = timedelta(seconds=int(data.get("rotation_period") or 0))
    problem = "" if period or not schedule else "keyproof does not work out the gaps of this schedule"
    return reading.bare(
        f"static-roles/{name}",
        uses=static_role_uses(reading.mount.full, name),
        type="database",
        facts=(DatedFact(at=last, basis=Basis.LAST_ROTATED, confidence=Confidence.EXACT),) if last else (),
        rotation=Rotation(
            enabled=bool(period or schedule),
            interval=period or None,
            schedule=schedule,
            last_at=last,
            next_at=last + period if last and period else None,
            mechanism="database engine, static role",
            problem=problem,
        ),
        attributes={
            "username": str(data.get("username") or ""),
            "connection": str(data.get("db_name") or ""),
            "dynamic": False,
        },
        unread={} if last else {"facts": _NEVER},
    )


def _dynamic(reading: Reading, name: str, data: Mapping[str, Any]) -> SecretMetadata:
    tune = reading.mount.tune
    longest = int(data.get("max_ttl") or tune.get("max_lease_ttl") or 0)
    usual = int(data.get("default_ttl") or tune.get("default_lease_ttl") or 0)
    return reading.bare(
        f"roles/{name}",
        uses=dynamic_role_uses(reading.mount.full, name),
        type="database",
        rotation=Rotation(
            enabled=True,
            interval=timedelta(seconds=longest or _SYSTEM_TTL),
            mechanism="database engine, dynamic role",
            problem="" if longest else "neither role nor mount limits a lease: the server's own limit holds",
        ),
        attributes={
            "connection": str(data.get("db_name") or ""),
            "dynamic": True,
            "default-ttl": usual or "server's own",
            "max-ttl": longest or "server's own",
        },
        unread={"facts": _NO_VALUE},
    )


def _connection(reading: Reading, name: str, data: Mapping[str, Any]) -> SecretMetadata:
    # The URL is left alone: servers hide a password in it only where they can tell it apart.
    details = data.get("connection_details") or {}
    allowed = data.get("allowed_roles") or ()
    return reading.bare(
        f"config/{name}",
        uses=connection_uses(reading.mount.full, name),
        type="database",
        attributes={
            "username": str(details.get("username") or ""),
            "plugin": str(data.get("plugin_name") or ""),
            "any-role": "*" in allowed,
            "dynamic": False,
        },
        unread={"facts": _UNDATED, "rotation": _UNDATED},
    )
