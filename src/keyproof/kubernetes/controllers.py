"""What controllers say about the Secrets they write: External Secrets, Sealed Secrets, cert-manager."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from keyproof.domain.copied import PROBLEM, SYNCED
from keyproof.domain.secret import Basis, Confidence, DatedFact, Rotation
from keyproof.kubernetes.external_secrets import CLUSTER_STORES, EXTERNAL_SECRETS, PUSHES, STORES, external
from keyproof.kubernetes.managed import SHAPE, Body, Controller, Managed, name_of, together, unmet
from keyproof.kubernetes.secret import moment, seconds
from keyproof.kubernetes.secrets_store import POD_STATUSES, PROVIDER_CLASSES

SEALED_SECRETS = Controller(group="bitnami.com", plural="sealedsecrets", kind="SealedSecret")
CERTIFICATES = Controller(group="cert-manager.io", plural="certificates", kind="Certificate")
WRITERS = (EXTERNAL_SECRETS, SEALED_SECRETS, CERTIFICATES)
"""Those of which each object writes one Secret."""
CONTROLLERS = (*WRITERS, STORES, CLUSTER_STORES, PUSHES, PROVIDER_CLASSES, POD_STATUSES)


def written_by(
    controller: Controller, objects: Iterable[Body], *, now: datetime
) -> tuple[dict[str, Managed], list[str]]:
    """Name of a Secret → what the object that writes it says; and the names of objects of an unknown shape."""
    found: dict[str, Managed] = {}
    strange: list[str] = []
    for body in objects:
        try:
            name, managed = _read(controller, body, now)
        except SHAPE:
            strange.append(name_of(body))
        else:
            found[name] = together(found[name], managed) if name in found else managed
    return found, strange


def _read(controller: Controller, body: Body, now: datetime) -> tuple[str, Managed]:
    if controller is EXTERNAL_SECRETS:
        return external(body, now)
    return _sealed(body) if controller is SEALED_SECRETS else _certificate(body)


def _sealed(body: Body) -> tuple[str, Managed]:
    """SealedSecret: the sealed text usually lies in git, and its scope says where it may be opened."""
    metadata = body.get("metadata") or {}
    annotations = metadata.get("annotations") or {}
    wide = [
        scope
        for scope in ("cluster-wide", "namespace-wide")
        if str(annotations.get(f"sealedsecrets.bitnami.com/{scope}")).lower() == "true"
    ]
    template = ((body.get("spec") or {}).get("template") or {}).get("metadata") or {}
    problem = unmet(body, "Synced")
    attributes: dict[str, str | int | bool] = {
        "managed-by": f"SealedSecret {name_of(body)}",
        "sealing-scope": wide[0] if wide else "strict",
        SYNCED: not problem,
    }
    if problem:
        attributes[PROBLEM] = f"SealedSecret {name_of(body)}: {problem}"
    return str(template.get("name") or name_of(body)), Managed(attributes=attributes, copied=True)


def _certificate(body: Body) -> tuple[str, Managed]:
    """Certificate: renewed by cert-manager, with a new key only where its rotation policy says so."""
    name, spec, status = name_of(body), body.get("spec") or {}, body.get("status") or {}
    issuer = spec.get("issuerRef") or {}
    issued, ends = moment(status.get("notBefore")), moment(status.get("notAfter"))
    renewal = moment(status.get("renewalTime"))
    policy = str((spec.get("privateKey") or {}).get("rotationPolicy") or "")
    ready = not unmet(body, "Ready")
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
