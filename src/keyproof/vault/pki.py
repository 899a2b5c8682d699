"""A PKI engine: its issuers, its roles, and the certificates it gave that still count."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from keyproof.certificate import Certificate, certificates_in, read_certificate
from keyproof.domain.assessment import Collected
from keyproof.domain.secret import Basis, Confidence, DatedFact, Rotation, SecretMetadata, SubjectKind
from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError
from keyproof.vault.entries import entries, entry, listed
from keyproof.vault.kv import go_time
from keyproof.vault.reading import Reading
from keyproof.vault.tree import pages
from keyproof.vault.uses import pki_role_uses

_NO_VALUE = "each use makes a new key: no value is kept whose age could be known"
_ISSUER_FACTS = ("usage", "issuer_name", "key_id")


def pki_secrets(reading: Reading) -> Iterator[Collected]:
    """Every issuer, role and living certificate of the mount, and a gap for each that may not be read.

    Raises MissingExtraError where certificates have to be opened and the extra for that is missing.
    """
    yield from _issuers(reading)
    yield from entries(reading, "roles", _role)
    yield from _certificates(reading)


def _issuers(reading: Reading) -> Iterator[Collected]:
    for name in listed(reading, "issuers"):
        if not isinstance(name, str):
            yield name
        elif reading.wanted(f"issuer/{name}"):
            yield from entry(reading, f"issuer/{name}", name, _issuer)


def _issuer(reading: Reading, name: str, data: Mapping[str, Any]) -> SecretMetadata:
    found = _opened(reading, data)
    facts: dict[str, str | int | bool] = {
        word.replace("_", "-"): str(data[word]) for word in _ISSUER_FACTS if data.get(word)
    }
    revoked = bool(data.get("revoked"))
    facts |= {"authority": True, "revoked": revoked, "self-signed": found.self_signed, **_strength(found)}
    return _certificate(reading, f"issuer/{name}", found.begins, found.ends, facts)


def _opened(reading: Reading, data: Mapping[str, Any]) -> Certificate:
    der = next(certificates_in(str(data["certificate"]).encode()), None)
    if der is None:
        raise ValueError("no certificate")
    return read_certificate(der, scope=reading.mount.scope)


def _strength(found: Certificate) -> dict[str, str | int | bool]:
    return {
        "subject": found.subject,
        "issuer": found.issuer,
        "names": ", ".join(found.names),
        "key-type": found.key_type,
        "key-bits": found.key_bits,
        "signature": found.signature,
    }


def _certificate(
    reading: Reading, path: str, begins: datetime, ends: datetime, attributes: dict[str, str | int | bool]
) -> SecretMetadata:
    return reading.bare(
        path,
        uses=None,
        kind=SubjectKind.CERTIFICATE,
        created_at=begins,
        facts=(DatedFact(at=begins, basis=Basis.VERSION_CREATED, confidence=Confidence.EXACT),),
        expires_at=ends,
        attributes=attributes,
    )


def _role(reading: Reading, name: str, data: Mapping[str, Any]) -> SecretMetadata:
    longest = int(data.get("max_ttl") or reading.mount.tune.get("max_lease_ttl") or 0)
    flags = (
        "allow_any_name",
        "allow_glob_domains",
        "allow_wildcard_certificates",
        "no_store",
        "allow_subdomains",
    )
    found: dict[str, str | int | bool] = {
        flag.replace("_", "-"): bool(data[flag]) for flag in flags if flag in data
    }
    return reading.bare(
        f"roles/{name}",
        uses=pki_role_uses(reading.mount.full, name),
        type="pki-role",
        rotation=Rotation(
            enabled=True,
            interval=timedelta(seconds=longest) if longest else None,
            mechanism="PKI engine, a certificate for each use",
            problem="" if longest else "neither role nor mount limits a certificate's life",
        ),
        attributes={
            **found,
            "dynamic": True,
            "max-ttl": longest or "server's own",
            "key-type": str(data.get("key_type") or ""),
            "key-bits": int(data.get("key_bits") or 0),
            "allowed-domains": ", ".join(map(str, data.get("allowed_domains") or ())),
        },
        unread={"facts": _NO_VALUE},
    )


def _certificates(reading: Reading) -> Iterator[Collected]:
    over = 0
    for found in _detailed(reading) or _opened_each(reading):
        if isinstance(found, SecretMetadata) and (
            (found.expires_at and found.expires_at <= reading.now) or found.attributes.get("revoked")
        ):
            over += 1
        else:
            yield found
    if over:
        yield Evidence(name="certificates that are over", value=f"{over} expired or revoked, left out")


def _detailed(reading: Reading) -> list[Collected] | None:
    """From one listing, as OpenBao has it; None where the server does not know it or does not allow it.

    A revoked certificate is told by the list of those, as the details do not say.
    """
    client, mount = reading.mount.client, reading.mount.place.mount
    found: list[Collected] = []
    try:
        revoked = set(client.keys(f"{mount}certs/revoked"))
        for answer in pages(client, f"{mount}certs/detailed"):
            if not answer.found and not answer.empty:
                return None
            for serial, data in (answer.data.get("key_info") or {}).items():
                begins, ends = go_time(data.get("not_before")), go_time(data.get("not_after"))
                if begins is None or ends is None:
                    return None
                if reading.wanted(f"cert/{serial}"):
                    said = _said(data) | {"revoked": serial in revoked}
                    found.append(_certificate(reading, f"cert/{serial}", begins, ends, said))
    except (AccessDeniedError, ValueError):
        return None
    return found


def _said(data: Mapping[str, Any]) -> dict[str, str | int | bool]:
    return {
        "subject": f"CN={data.get('common_name') or ''}",
        "issuer": str(data.get("issuer") or ""),
        "names": ", ".join(map(str, data.get("dns_names") or ())),
        "key-type": str(data.get("key_type") or ""),
        "key-bits": int(data.get("key_bits") or 0),
    }


def _opened_each(reading: Reading) -> Iterator[Collected]:
    for serial in listed(reading, "certs"):
        if not isinstance(serial, str):
            yield serial
        elif reading.wanted(f"cert/{serial}"):
            yield from entry(reading, f"cert/{serial}", serial, _one)


def _one(reading: Reading, serial: str, data: Mapping[str, Any]) -> SecretMetadata:
    found = _opened(reading, data)
    said = {**_strength(found), "revoked": bool(data.get("revocation_time"))}
    return _certificate(reading, f"cert/{serial}", found.begins, found.ends, said)
