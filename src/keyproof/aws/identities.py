"""The users and roles of an AWS account, and the policies that stand behind each of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from keyproof.aws.policy_document import Statement, statements_of

AUTHORISATION = "iam:GetAccountAuthorizationDetails"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """One policy of an identity, by which way it came to it."""

    via: str
    """e.g. `identity policy ReadProd of group dev`."""
    document: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A user or a role."""

    arn: str
    id: str
    """e.g. `AIDA…`, which resource policies name once the identity was deleted and made anew."""
    name: str
    user: bool
    tags: Mapping[str, str] = field(default_factory=dict)
    policies: tuple[Attached, ...] = ()
    boundary: Attached | None = None
    created_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Account:
    """All identities of an account, from the pages of GetAccountAuthorizationDetails."""

    identities: list[Identity] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """Policies that could not be understood or found."""
    _compiled: dict[str, Mapping[str, "Compiled"]] = field(default_factory=dict)

    @classmethod
    def of(cls, pages: Iterable[Mapping[str, Any]]) -> "Account":
        """Put the pages together: users refer to groups, and all of them to policies, of other pages."""
        users: list[Mapping[str, Any]] = []
        roles: list[Mapping[str, Any]] = []
        groups: dict[str, Mapping[str, Any]] = {}
        policies: dict[str, object] = {}
        for page in pages:
            users += page.get("UserDetailList") or ()
            roles += page.get("RoleDetailList") or ()
            groups |= {str(group["GroupName"]): group for group in page.get("GroupDetailList") or ()}
            for policy in page.get("Policies") or ():
                for version in policy.get("PolicyVersionList") or ():
                    if version.get("IsDefaultVersion"):
                        policies[str(policy["Arn"])] = version.get("Document")
        account = cls()
        for entry in users:
            behind = [(entry, "", "UserPolicyList")]
            for name in entry.get("GroupList") or ():
                if name in groups:
                    behind.append((groups[name], f" of group {name}", "GroupPolicyList"))
                else:
                    account.problems.append(f"group {name} of user {entry['UserName']} is not told")
            account.identities.append(_identity(entry, behind, policies, account.problems))
        for entry in roles:
            account.identities.append(
                _identity(entry, [(entry, "", "RolePolicyList")], policies, account.problems)
            )
        return account

    def compiled(self, service: str, operations: Sequence[str]) -> Mapping[str, "Compiled"]:
        """ARN → the statements of every identity that concern `service`."""
        if service not in self._compiled:
            cache: dict[int, tuple[Statement, ...]] = {}
            self._compiled[service] = {
                one.arn: self._compile(one, service, operations, cache) for one in self.identities
            }
        return self._compiled[service]

    def _compile(
        self, one: Identity, service: str, operations: Sequence[str], cache: dict[int, tuple[Statement, ...]]
    ) -> "Compiled":
        found: list[tuple[str, Statement]] = []
        for attached in one.policies:
            found += [(attached.via, st) for st in self._statements(attached, service, operations, cache)]
        limit = one.boundary
        boundary = self._statements(limit, service, operations, cache) if limit else None
        return Compiled(identity=one, statements=tuple(found), boundary=boundary)

    def _statements(
        self,
        attached: Attached,
        service: str,
        operations: Sequence[str],
        cache: dict[int, tuple[Statement, ...]],
    ) -> tuple[Statement, ...]:
        key = id(attached.document)
        if key not in cache:
            try:
                cache[key] = statements_of(attached.document, service=service, operations=operations)
            except ValueError as error:
                cache[key] = ()
                problem = f"{attached.via}: {error}"
                if problem not in self.problems:
                    self.problems.append(problem)
        return cache[key]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """The statements of one identity that concern one service."""

    identity: Identity
    statements: tuple[tuple[str, Statement], ...]
    """With the way by which each came to it."""
    boundary: tuple[Statement, ...] | None
    """None when it has no permissions boundary."""


def _identity(
    entry: Mapping[str, Any],
    behind: Iterable[tuple[Mapping[str, Any], str, str]],
    policies: Mapping[str, object],
    problems: list[str],
) -> Identity:
    user = "UserName" in entry
    name = str(entry["UserName"] if user else entry["RoleName"])
    found: list[Attached] = []
    for holder, whose, inline in behind:
        found += [
            Attached(
                via=f"identity policy {policy['PolicyName']}{whose}", document=policy.get("PolicyDocument")
            )
            for policy in holder.get(inline) or ()
        ]
        for managed in holder.get("AttachedManagedPolicies") or ():
            arn = str(managed["PolicyArn"])
            if arn in policies:
                found.append(
                    Attached(via=f"managed policy {managed['PolicyName']}{whose}", document=policies[arn])
                )
            else:
                problems.append(f"managed policy {arn} of {name} is not told")
    boundary = None
    if arn := str((entry.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn") or ""):
        if arn in policies:
            boundary = Attached(via=f"permissions boundary {arn}", document=policies[arn])
        else:
            problems.append(f"permissions boundary {arn} of {name} is not told")
    return Identity(
        arn=str(entry["Arn"]),
        id=str(entry.get("UserId" if user else "RoleId") or ""),
        name=name,
        user=user,
        tags={str(tag["Key"]): str(tag.get("Value", "")) for tag in entry.get("Tags") or ()},
        policies=tuple(found),
        boundary=boundary,
        created_at=entry.get("CreateDate"),
    )
