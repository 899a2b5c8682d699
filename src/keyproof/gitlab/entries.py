"""GitLab's answers about variables and tokens as metadata."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from keyproof.domain.access import AccessGrant, Action
from keyproof.domain.secret import Basis, Confidence, DatedFact, Encryption, SecretMetadata, SubjectKind
from keyproof.rest.reading import moment, written

KIND = "gitlab"
_ENCRYPTED = Encryption(encrypted=True, key="db_key_base of the server")
"""https://docs.gitlab.com/ci/variables/#cicd-variable-security"""
_PEOPLE = "who may change its pipelines, custom roles and administrators are not read"
_ROLES = {"project": {40: "Maintainer", 50: "Owner"}, "group": {50: "Owner"}}
"""Access levels that show and change variables. https://docs.gitlab.com/user/permissions/"""
_HOLDER = "GitLab does not know who holds it"

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A project or group, or the server for personal tokens."""

    source: str
    scope: str
    host: str
    address: str
    path: str
    """E.g. `projects/acme/shop`."""

    @property
    def kind(self) -> str:
        """`project` or `group`."""
        return self.path.partition("/")[0].removesuffix("s")

    @property
    def name(self) -> str:
        """As people call it, e.g. `acme/shop`."""
        return self.path.partition("/")[2] or self.path

    def subject(self, *parts: str) -> str:
        """The id of something of this holder."""
        return f"{KIND}://{self.host}/{quote(self.path)}/" + "/".join(quote(part, safe="") for part in parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writes:
    """What audit events tell of the variables of one holder, by their numbers: several may have one key."""

    created: Mapping[str, datetime]
    updated: Mapping[str, datetime]

    def facts(self, node: Object) -> tuple[DatedFact, ...]:
        """Dates of a variable's value. Raises KeyError.

        GitLab notes an update for protection, mask or scope too, so its time is a bound; a variable that was
        never updated is as old as its creation.
        """
        number = _number(node)
        made, changed = self.created.get(number), self.updated.get(number)
        at = changed or made
        if at is None:
            return ()
        confidence = Confidence.UPPER_BOUND if changed else Confidence.EXACT
        return (DatedFact(at=at, basis=Basis.ROTATION_EVENT, confidence=confidence),)


def writes_of(events: Iterable[Object]) -> Writes:
    """The creation and the last update of every variable."""
    created: dict[str, datetime] = {}
    updated: dict[str, datetime] = {}
    times = {
        f"{kind}_{done}": found
        for kind in ("ci_variable", "ci_group_variable")
        for done, found in (("created", created), ("updated", updated))
    }
    for event in events:
        found = times.get(str(event.get("event_name") or ""))
        number = str((event.get("details") or {}).get("target_id") or "")
        at = moment(event.get("created_at"))
        if found is not None and at is not None and number:
            found[number] = max(at, found.get(number, at))
    return Writes(created=created, updated=updated)


def _number(node: Object) -> str:
    """The number in an id of GraphQL, e.g. `gid://gitlab/Ci::Variable/7`."""
    return str(node["id"]).rpartition("/")[2]


def readers_of(members: Iterable[Object], holder: Holder) -> tuple[tuple[str, str], ...]:
    """Users who may see and change variables, each with the role that lets them. Raises KeyError, TypeError."""
    roles = _ROLES[holder.kind]
    found = {
        (str(member["user"]["username"]), roles[int(member["accessLevel"]["integerValue"])])
        for member in members
        if member.get("user") and member.get("accessLevel")
        if member["accessLevel"]["integerValue"] in roles
    }
    return tuple(sorted(found))


def variable_of(
    node: Object,
    holder: Holder,
    facts: tuple[DatedFact, ...],
    why: str,
    readers: tuple[tuple[str, str], ...] = (),
    unseen: str = "",
) -> SecretMetadata:
    """A variable; `why` tells what of its age, and `unseen` what of its readers is not known. Raises KeyError.

    The value of a hidden one is shown to nobody once it is saved, so its readers may write it only.
    """
    scope = str(node.get("environmentScope") or "*")
    kind = str(node.get("variableType") or "").lower()
    grant = AccessGrant(
        principal=f"{holder.kind}:{holder.name}",
        actions=(Action.READ,),
        via="pipelines" if scope == "*" else f"pipelines of the environment {scope}",
    )
    shown = (Action.LIST, Action.WRITE) if node.get("hidden") else (Action.READ, Action.LIST, Action.WRITE)
    people = [
        AccessGrant(principal=f"user:{user}", actions=shown, via=f"role {role}") for user, role in readers
    ]
    return SecretMetadata(
        id=holder.subject("variables", str(node["key"]), scope),
        name=f"{holder.name}/{node['key']}",
        source=holder.source,
        backend=KIND,
        scope=holder.scope,
        environment="" if "*" in scope else scope,
        type="variable",
        facts=facts,
        encryption=_ENCRYPTED,
        grants=(grant, *people),
        attributes={
            "address": holder.address,
            "environment-scope": scope,
            "variable-type": kind,
            **{flag: bool(node[flag]) for flag in ("protected", "masked", "hidden", "raw") if flag in node},
        },
        unread={
            "last_accessed_at": "GitLab notes no use of variables",
            "grants": "; ".join(filter(None, (unseen, _PEOPLE))),
            **({"facts": why} if why else {}),
        },
    )


def token_of(entry: Object, holder: Holder, family: str) -> SecretMetadata:
    """An access, deploy or personal token, or a deploy key. Raises KeyError."""
    created, used = moment(entry.get("created_at")), moment(entry.get("last_used_at"))
    unread = {"grants": _HOLDER}
    if created is None:
        unread["facts"] = f"GitLab states no creation of {family}"
    if used is None:
        unread["last_accessed_at"] = "GitLab states no use of it"
    scopes: Sequence[Any] = entry.get("scopes") or ()
    return SecretMetadata(
        id=holder.subject(family, str(entry["id"])),
        name=f"{holder.name}/{entry.get('name') or entry.get('title') or entry['id']}",
        source=holder.source,
        backend=KIND,
        scope=holder.scope,
        kind=SubjectKind.CREDENTIAL,
        type=family.removesuffix("s"),
        created_at=created,
        facts=written(created, created, exact=True),
        # A day means its first moment: https://docs.gitlab.com/user/profile/personal_access_tokens/
        expires_at=moment(entry.get("expires_at")),
        last_accessed_at=used,
        attributes={"address": holder.address, **dict(_said(entry, scopes))},
        unread=unread,
    )


def _said(entry: Object, scopes: Sequence[Any]) -> Iterator[tuple[str, str | int | bool]]:
    yield "never-expires", not entry.get("expires_at")
    if scopes:
        yield "scopes", ", ".join(sorted(map(str, scopes)))
    for theirs, ours in (
        ("access_level", "access-level"),
        ("can_push", "can-push"),
        ("user_id", "user-id"),
        ("username", "username"),
    ):
        if entry.get(theirs) is not None:
            yield ours, entry[theirs]


def trigger_of(node: Object, holder: Holder) -> SecretMetadata:
    """A token that starts pipelines; GitLab states no creation. Raises KeyError."""
    used = moment(node.get("lastUsed"))
    owner = (node.get("owner") or {}).get("username")
    number = _number(node)
    return SecretMetadata(
        id=holder.subject("triggers", number),
        name=f"{holder.name}/{node.get('description') or number}",
        source=holder.source,
        backend=KIND,
        scope=holder.scope,
        kind=SubjectKind.CREDENTIAL,
        type="trigger",
        owner=str(owner or ""),
        expires_at=moment(node.get("expiresAt")),
        last_accessed_at=used,
        attributes={
            "address": holder.address,
            **({"never-expires": not node["expiresAt"]} if "expiresAt" in node else {}),
        },
        unread={
            "grants": _HOLDER,
            "facts": "GitLab states no creation of triggers",
            **({} if used else {"last_accessed_at": "GitLab states no use of it"}),
        },
    )


def runner_of(node: Object, holder: Holder) -> SecretMetadata:
    """The token by which a runner shows itself. Raises KeyError."""
    created, number = moment(node.get("createdAt")), _number(node)
    # The token may have been reset since the runner was made, so its creation is the record's only.
    facts = tuple(
        fact for fact in written(created, created, exact=False) if fact.basis is Basis.RECORD_CREATED
    )
    return SecretMetadata(
        id=holder.subject("runners", number),
        name=f"{holder.name}/{node.get('description') or number}",
        source=holder.source,
        backend=KIND,
        scope=holder.scope,
        kind=SubjectKind.CREDENTIAL,
        type="runner",
        created_at=created,
        facts=facts,
        expires_at=moment(node.get("tokenExpiresAt")),
        last_accessed_at=moment(node.get("contactedAt")),
        attributes={
            "address": holder.address,
            "runner-type": str(node.get("runnerType") or "").lower(),
            "paused": bool(node.get("paused")),
        },
        unread={"grants": _HOLDER},
    )
