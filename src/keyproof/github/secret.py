"""GitHub's answers about secrets, environments and deploy keys as metadata."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from keyproof.domain.access import AccessGrant, Action
from keyproof.domain.secret import Basis, Confidence, DatedFact, Encryption, SecretMetadata, SubjectKind
from keyproof.rest.reading import moment, written

KIND = "github"
ENCRYPTION = Encryption(encrypted=True, key="libsodium sealed box of GitHub", customer_managed=False)
"""https://docs.github.com/en/actions/concepts/security/secrets"""
_NO_USE = "GitHub notes no use of secrets"
_PEOPLE = "who may change what runs in these repositories is not read"

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where secrets were found."""

    source: str
    scope: str
    host: str
    address: str
    path: str
    """As in GitHub's own paths, e.g. `repos/acme/shop/actions`."""
    owner: str
    """The organisation or repository, and the environment, e.g. `acme/shop/production`."""
    type: str
    environment: str = ""
    attributes: Mapping[str, str | int | bool]

    def subject(self, name: str) -> str:
        """The id of what is called `name` here."""
        return f"{KIND}://{self.host}/{quote(self.path)}/{quote(name, safe='')}"

    def name(self, name: str) -> str:
        """`name` with what it belongs to."""
        return f"{self.owner}/{name}"


def secret_of(
    entry: Object, place: Place, grants: tuple[AccessGrant, ...] | None, why: str = ""
) -> SecretMetadata:
    """One entry of a listing of secrets; `why` tells what of the grants could not be read.

    A secret of a repository changes by being written only. One of an organisation also when other
    repositories are given it, so there the time is a bound. Raises KeyError, ValueError.
    """
    created, updated = moment(entry["created_at"]), moment(entry["updated_at"])
    if created is None or updated is None:
        raise ValueError("a time is written in an unknown form")
    visibility = entry.get("visibility")
    attributes = {**place.attributes, **({"visibility": str(visibility)} if visibility else {})}
    return SecretMetadata(
        id=place.subject(str(entry["name"])),
        name=place.name(str(entry["name"])),
        source=place.source,
        backend=KIND,
        scope=place.scope,
        environment=place.environment,
        type=place.type,
        created_at=created,
        facts=written(created, updated, exact=visibility is None),
        encryption=ENCRYPTION,
        grants=grants,
        attributes={**attributes, "address": place.address},
        unread={"last_accessed_at": _NO_USE, "grants": why or _PEOPLE},
    )


def deploy_key_of(entry: Object, place: Place) -> SecretMetadata:
    """A deploy key: it never changes, and GitHub holds its public half only. Raises KeyError, ValueError."""
    created, used = moment(entry["created_at"]), moment(entry.get("last_used"))
    if created is None:
        raise ValueError("a time is written in an unknown form")
    unread = {
        "encryption": "GitHub holds the public half; where the private half lies it does not know",
        "grants": "GitHub does not know who holds the private half",
    }
    if used is None:
        unread["last_accessed_at"] = "GitHub states no use of this key, or not to this token"
    return SecretMetadata(
        id=place.subject(str(entry["id"])),
        name=place.name(str(entry["title"])),
        source=place.source,
        backend=KIND,
        scope=place.scope,
        kind=SubjectKind.CREDENTIAL,
        type=place.type,
        created_at=created,
        facts=written(created, created, exact=True),
        last_accessed_at=used,
        attributes={
            **place.attributes,
            "address": place.address,
            "read-only": bool(entry["read_only"]),
            "enabled": bool(entry.get("enabled", True)),
            **({"added-by": str(entry["added_by"])} if entry.get("added_by") else {}),
        },
        unread=unread,
    )


def registry_facts(entry: Object) -> dict[str, str | int | bool]:
    """What a private registry's configuration says beside its secret. Raises KeyError."""
    host = urlsplit(str(entry.get("url") or "")).hostname or ""
    return {"registry-type": str(entry["registry_type"]), **({"registry": host} if host else {})}


def keeps_no_secret(entry: Object) -> bool:
    """Whether a private registry is opened by OIDC, for which GitHub keeps nothing secret."""
    return str(entry.get("auth_type") or "").startswith("oidc")


def token_of(entry: Object, place: Place) -> SecretMetadata:
    """A fine-grained personal access token of a member. Raises KeyError, ValueError, AttributeError.

    GitHub tells when the organisation approved it, which is after it was made; it may have been regenerated since.
    """
    granted, used = moment(entry["access_granted_at"]), moment(entry["token_last_used_at"])
    if granted is None:
        raise ValueError("a time is written in an unknown form")
    owner = str(entry["owner"]["login"])
    permitted = sorted(
        f"{kind} {what}: {level}"
        for kind, granted_there in entry["permissions"].items()
        for what, level in granted_there.items()
    )
    return SecretMetadata(
        id=place.subject(str(entry["token_id"])),
        name=place.name(f"{owner}/{entry['token_name']}"),
        source=place.source,
        backend=KIND,
        scope=place.scope,
        kind=SubjectKind.CREDENTIAL,
        type=place.type,
        owner=owner,
        facts=(DatedFact(at=granted, basis=Basis.RECORD_CREATED, confidence=Confidence.UPPER_BOUND),),
        expires_at=moment(entry["token_expires_at"]),
        last_accessed_at=used,
        attributes={
            **place.attributes,
            "address": place.address,
            "never-expires": not entry["token_expires_at"],
            "repository-selection": str(entry["repository_selection"]),
            "permissions": ", ".join(permitted),
        },
        unread={
            "grants": "GitHub does not know who holds it",
            **({} if used else {"last_accessed_at": "GitHub states no use of this token"}),
        },
    )


def repositories_grant(names: Iterable[str], via: str, *, condition: str = "") -> tuple[AccessGrant, ...]:
    """Runs in these repositories get the value; GitHub itself shows it to nobody.

    Principals are written as in GitHub's own OIDC subjects, e.g. `repo:acme/shop`.
    """
    return tuple(
        AccessGrant(principal=f"repo:{name}", actions=(Action.READ,), via=via, condition=condition)
        for name in names
    )


def protection(environment: Object) -> dict[str, str | int | bool]:
    """What has to happen before a run gets the secrets of an environment."""
    rules = sorted({str(rule["type"]) for rule in environment.get("protection_rules") or ()})
    policy = environment.get("deployment_branch_policy")
    return {"protection-rules": ", ".join(rules) or "none", "all-branches": not policy}
