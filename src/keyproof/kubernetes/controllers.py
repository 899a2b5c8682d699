"""What controllers say about the Secrets they write: External Secrets, Sealed Secrets, cert-manager."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from keyproof.domain.copied import AT, FOLLOWS, KEYS, STORE, SYNCED
from keyproof.domain.secret import Basis, Confidence, DatedFact, Rotation
from keyproof.kubernetes.secret import moment, seconds

Attributes = Mapping[str, str | int | bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Managed:
    """What a controller adds to what the Secret itself says."""

    attributes: Attributes
    facts: tuple[DatedFact, ...] = ()
    rotation: Rotation | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """One kind of object that writes Secrets."""

    group: str
    plural: str
    kind: str

    @property
    def need(self) -> str:
        """The right it takes, as RBAC names it."""
        return f"list {self.plural}.{self.group}"


EXTERNAL_SECRETS = Controller(group="external-secrets.io", plural="externalsecrets", kind="ExternalSecret")
SEALED_SECRETS = Controller(group="bitnami.com", plural="sealedsecrets", kind="SealedSecret")
CERTIFICATES = Controller(group="cert-manager.io", plural="certificates", kind="Certificate")
CONTROLLERS = (EXTERNAL_SECRETS, SEALED_SECRETS, CERTIFICATES)


def written_by(
    controller: Controller, objects: Iterable[Mapping[str, Any]]
) -> tuple[dict[str, Managed], list[str]]:
    """Name of a Secret → what the object that writes it says; and the names of objects of an unknown shape.

    Their definitions are the cluster's own, so nothing about their shape is sure.
    """
    read = {EXTERNAL_SECRETS: _external, SEALED_SECRETS: _sealed, CERTIFICATES: _certificate}[controller]
    found: dict[str, Managed] = {}
    strange: list[str] = []
    for body in objects:
        try:
            name, managed = read(body)
        except (AttributeError, TypeError, ValueError, KeyError):
            strange.append(_name(body))
        else:
            found[name] = managed
    return found, strange


def _external(body: Mapping[str, Any]) -> tuple[str, Managed]:
    """ExternalSecret: a refresh is a copy of what the store holds, so it is no rotation and dates nothing."""
    name, spec, status = _name(body), body.get("spec") or {}, body.get("status") or {}
    store, interval = spec.get("secretStoreRef") or {}, spec.get("refreshInterval", "1h")
    policy = str(spec.get("refreshPolicy") or "Periodic")
    references = [item.get("remoteRef") or {} for item in spec.get("data") or ()]
    extracts = [item.get("extract") or {} for item in spec.get("dataFrom") or ()]
    named = [*references, *extracts]
    # What a search or a generator gives is not named, so the keys that are would be only a part.
    keys = dict.fromkeys(str(ref["key"]) for ref in named) if all(ref.get("key") for ref in named) else {}
    versions = {str(ref["version"]) for ref in named if ref.get("version")}
    follows = policy == "OnChange" or (policy == "Periodic" and bool(seconds(interval)))
    attributes: dict[str, str | int | bool] = {
        "managed-by": f"ExternalSecret {name}",
        STORE: f"{store.get('kind', 'SecretStore')}/{store.get('name', '')}",
        KEYS: ", ".join(keys),
        "refresh-interval": str(interval),
        FOLLOWS: follows and not versions,
        SYNCED: _condition(status, "Ready"),
    }
    if versions:
        attributes["pinned-version"] = ", ".join(sorted(versions))
    if status.get("refreshTime"):
        attributes[AT] = str(status["refreshTime"])
    target = spec.get("target") or {}
    return str(target.get("name") or name), Managed(attributes=attributes)


def _sealed(body: Mapping[str, Any]) -> tuple[str, Managed]:
    """SealedSecret: the sealed text usually lies in git, and its scope says where it may be opened."""
    metadata, status = body.get("metadata") or {}, body.get("status") or {}
    annotations = metadata.get("annotations") or {}
    wide = [
        scope
        for scope in ("cluster-wide", "namespace-wide")
        if str(annotations.get(f"sealedsecrets.bitnami.com/{scope}")).lower() == "true"
    ]
    template = ((body.get("spec") or {}).get("template") or {}).get("metadata") or {}
    attributes: dict[str, str | int | bool] = {
        "managed-by": f"SealedSecret {_name(body)}",
        "sealing-scope": wide[0] if wide else "strict",
        SYNCED: _condition(status, "Synced"),
    }
    return str(template.get("name") or _name(body)), Managed(attributes=attributes)


def _certificate(body: Mapping[str, Any]) -> tuple[str, Managed]:
    """Certificate: renewed by cert-manager, with a new key only where its rotation policy says so."""
    name, spec, status = _name(body), body.get("spec") or {}, body.get("status") or {}
    issuer = spec.get("issuerRef") or {}
    issued, ends = moment(status.get("notBefore")), moment(status.get("notAfter"))
    renewal = moment(status.get("renewalTime"))
    policy = str((spec.get("privateKey") or {}).get("rotationPolicy") or "")
    ready = _condition(status, "Ready")
    rotation = Rotation(
        enabled=True,
        interval=renewal - issued if renewal and issued and renewal > issued else _lifetime(spec),
        last_at=issued,
        next_at=renewal,
        mechanism=f"cert-manager, {issuer.get('kind', 'Issuer')}/{issuer.get('name', '')}",
        problem="" if ready else "the certificate is not ready",
    )
    # Without a new key the certificate is as young as stated, and the key at least as old.
    confidence = Confidence.EXACT if policy == "Always" else Confidence.UPPER_BOUND
    facts = (DatedFact(at=issued, basis=Basis.LAST_ROTATED, confidence=confidence),) if issued else ()
    attributes: dict[str, str | int | bool] = {
        "managed-by": f"Certificate {name}",
        "private-key-rotation": policy or "not stated",
        SYNCED: ready,
    }
    managed = Managed(attributes=attributes, facts=facts, rotation=rotation, expires_at=ends)
    return str(spec.get("secretName") or name), managed


def _lifetime(spec: Mapping[str, Any]) -> timedelta | None:
    whole = seconds(spec.get("duration"))
    return timedelta(seconds=whole) if whole else None


def _condition(status: Mapping[str, Any], type_: str) -> bool:
    """Whether the condition is stated and true."""
    return any(
        condition.get("type") == type_ and condition.get("status") == "True"
        for condition in status.get("conditions") or ()
    )


def _name(body: Mapping[str, Any]) -> str:
    return str((body.get("metadata") or {}).get("name"))
