"""What deny policies of IAM take away again: https://cloud.google.com/iam/docs/deny-overview.

A rule names principals that mostly are known by themselves; who is in a group or in a domain is not read, so a rule
on these may or may not meet a person. What it may take away is left as a grant on a condition.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from fnmatch import fnmatchcase
from typing import Any

from keyproof.domain.roles import ANYONE

_EVERYBODY = "principalSet://goog/public:all"
_SINGLE, _DELETED = "principal://", "deleted:"
_PERSON = "principal://goog/subject/"
_ACCOUNT = "principal://iam.googleapis.com/projects/-/serviceAccounts/"
_KINDS = {"user": _PERSON, "serviceAccount": _ACCOUNT, "group": "principalSet://goog/group/"}
_POOLS = ("/workforcePools/", "/workloadIdentityPools/")
_ACCOUNTS = ("/type/ServiceAccount", "/type/ServiceAgent")
_SERVICES = {"resourcemanager": "cloudresourcemanager"}
"""Services whose name in deny policies is another than in roles."""

Item = Mapping[str, Any]


class Meets(IntEnum):
    """Whether a rule is for a principal."""

    NO = 0
    MAYBE = 1
    YES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """One rule of a deny policy."""

    name: str
    """The policy and where it is attached, as people find it."""
    principals: tuple[str, ...]
    exceptions: tuple[str, ...]
    permissions: tuple[str, ...]
    """Globs over `SERVICE/RESOURCE.VERB`."""
    excepted: tuple[str, ...]
    """The same; they win."""
    condition: str = ""
    """On tags of the resource, which are not read."""

    def meets(self, member: str) -> Meets:
        """Whether it denies anything to a member of an allow policy, `*` for anyone."""
        who = _identity(member)
        found = max((_covers(entry, who) for entry in self.principals), default=Meets.NO)
        spared = max((_touches(entry, who) for entry in self.exceptions), default=Meets.NO)
        if found is Meets.NO or spared is Meets.YES:
            return Meets.NO
        return Meets.MAYBE if spared is Meets.MAYBE or self.condition else found

    def takes(self, permission: str) -> bool:
        """Whether it is about a permission, written as in roles."""
        service, _, rest = permission.partition(".")
        asked = f"{_SERVICES.get(service, service)}.googleapis.com/{rest}"
        return _listed(asked, self.permissions) and not _listed(asked, self.excepted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remaining:
    """What denials leave of the permissions of one member."""

    certain: frozenset[str]
    doubtful: frozenset[str]
    """What they may take away, or may not."""
    reason: str
    """Which denials these are; empty where nothing is doubtful."""


def denials_of(policy: Item, place: str) -> Iterator[Denial]:
    """The rules of one policy that is attached to `place`, e.g. `folders/7`."""
    name = f"deny policy {str(policy.get('name')).rpartition('/')[2]} on {place}"
    for rule in policy.get("rules") or ():
        said = rule.get("denyRule") or {}
        condition = said.get("denialCondition") or {}
        yield Denial(
            name=name,
            principals=_texts(said.get("deniedPrincipals")),
            exceptions=_texts(said.get("exceptionPrincipals")),
            permissions=_texts(said.get("deniedPermissions")),
            excepted=_texts(said.get("exceptionPermissions")),
            condition=str(condition.get("expression") or condition.get("title") or ""),
        )


def remaining(permissions: Iterable[str], member: str, denials: Sequence[Denial]) -> Remaining:
    """What is left to `member` of permissions that roles grant."""
    left, doubtful, reasons = set(permissions), set[str](), list[str]()
    for denial in denials:
        meets = denial.meets(member)
        about = {one for one in left if denial.takes(one)} if meets is not Meets.NO else set[str]()
        if meets is Meets.YES:
            left -= about
        elif about:
            doubtful |= about
            reasons.append(
                f"{denial.name} does not apply, as it does where {denial.condition}"
                if denial.condition
                else f"{denial.name} does not apply, of whose groups or exceptions nobody knows whom they name"
            )
    doubtful &= left
    reason = "; ".join(dict.fromkeys(reasons)) if doubtful else ""
    return Remaining(certain=frozenset(left - doubtful), doubtful=frozenset(doubtful), reason=reason)


def _identity(member: str) -> str:
    """A member of an allow policy as deny policies name it; as it is where they have no name for it."""
    if member == ANYONE:
        return _EVERYBODY
    kind, _, name = member.partition(":")
    return _folded(_KINDS[kind] + name) if kind in _KINDS else _folded(member)


def _covers(entry: str, who: str) -> Meets:
    """Whether everybody who is `who` is also named by the entry of a rule."""
    entry = _folded(entry)
    if entry in {_EVERYBODY, who}:
        return Meets.YES
    if entry.startswith((_SINGLE, _DELETED)) or who == _EVERYBODY:
        return Meets.NO
    if any(pool in entry for pool in _POOLS):
        inside = entry.removesuffix("*").partition("://")[2]
        if entry.endswith("/*") and who.partition("://")[2].startswith(inside):
            return Meets.YES
        return Meets.NO if who.startswith((_PERSON, _ACCOUNT)) else Meets.MAYBE
    return Meets.NO if entry.endswith(_ACCOUNTS) and who.startswith(_PERSON) else Meets.MAYBE


def _touches(entry: str, who: str) -> Meets:
    """Whether the entry of an exception names `who`, or may name some of them."""
    found = _covers(entry, who)
    if found is Meets.NO and not who.startswith(_SINGLE) and not entry.startswith(_DELETED):
        return Meets.MAYBE
    return found


def _folded(text: str) -> str:
    """Addresses are the same in any letter case; other names are not."""
    head, slash, last = text.rpartition("/")
    return f"{head}{slash}{last.lower()}" if "@" in last else text


def _listed(permission: str, globs: Iterable[str]) -> bool:
    return any(fnmatchcase(permission, glob) for glob in globs)


def _texts(listed: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in listed or ())
