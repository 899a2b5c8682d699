"""What the resource policy of an AWS secret says about who reaches it.

Follows https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html. Conditions are named,
never evaluated, and every doubt is read as more access, never as less.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from keyproof.aws.policy_document import (
    RESOURCE_POLICY,
    conditions_of,
    glob,
    one_of,
    parsed,
    principals_of,
)
from keyproof.domain.access import AccessGrant, Action

ACTIONS: Mapping[str, Action] = {
    "GetSecretValue": Action.READ,
    "DescribeSecret": Action.LIST,
    "GetResourcePolicy": Action.LIST,
    "ListResourcePolicies": Action.LIST,
    "ListSecretVersionIds": Action.LIST,
    "PutSecretValue": Action.WRITE,
    "UpdateSecret": Action.WRITE,
    "UpdateSecretVersionStage": Action.WRITE,
    "RotateSecret": Action.WRITE,
    "CancelRotateSecret": Action.WRITE,
    "PutResourcePolicy": Action.ADMIN,
    "DeleteResourcePolicy": Action.ADMIN,
    "DeleteSecret": Action.ADMIN,
    "RestoreSecret": Action.ADMIN,
    "ReplicateSecretToRegions": Action.ADMIN,
    "RemoveRegionsFromReplication": Action.ADMIN,
    "StopReplicationToReplica": Action.ADMIN,
    "AssociateCrossAccountReplica": Action.ADMIN,
    "DisassociateCrossAccountReplica": Action.ADMIN,
    "TagResource": Action.ADMIN,
    "UntagResource": Action.ADMIN,
}
"""Every action a resource policy can grant on a secret.

Tags count as ADMIN because access is often decided by them. BatchGetSecretValue is left out: it reads
nothing without GetSecretValue on each secret.
"""

NO_ACTION = frozenset({"BatchGetSecretValue", "CreateSecret", "GetRandomPassword", "ListSecrets", "ValidateResourcePolicy"})  # fmt: skip
"""Actions of the service that give nothing on an existing secret."""


def grants_of(policy: str, *, arn: str, via: str = RESOURCE_POLICY) -> tuple[AccessGrant, ...]:
    """Every grant and denial in `policy`, the JSON text of a resource policy of the secret `arn`; `via` names it.

    An allow names an action when any operation behind it is allowed, a deny only when all are denied.
    Sorted. Raises ValueError with the reason when the text is no policy that can be understood.
    """
    document = parsed(policy)
    if not isinstance(document, dict) or "Statement" not in document:
        raise ValueError("the policy has no Statement")
    statements = document["Statement"]
    grants: set[AccessGrant] = set()
    for number, statement in enumerate(statements if isinstance(statements, list) else [statements], start=1):
        if not isinstance(statement, dict):
            raise ValueError(f"statement {number} of the policy is no object")  # noqa: TRY004 (a document's fault, not a caller's)
        grants.update(_grants(statement, number, arn, via))
    return tuple(sorted(grants))


def _grants(statement: dict[str, Any], number: int, arn: str, way: str) -> Iterator[AccessGrant]:
    name = f"statement {statement.get('Sid') or number}"
    effect = statement.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise ValueError(f"{name} of the policy has the effect {effect!r}")
    denies = effect == "Deny"
    if not _concerns(statement, arn, name, denies=denies):
        return
    actions = _actions(statement, name, denies=denies)
    if not actions:
        return
    condition = _condition(statement.get("Condition", {}), name)
    excluded = ""
    if "NotPrincipal" in statement:
        excluded = "NotPrincipal " + ", ".join(principals_of(statement["NotPrincipal"], arn, name))
        principals = ["*"]
    else:
        principals = principals_of(statement.get("Principal"), arn, name)
    for principal in principals:
        yield AccessGrant(
            principal=principal,
            actions=actions,
            via=f"{way}, {name}" + (f" ({excluded})" if excluded and not denies else ""),
            effect="deny" if denies else "allow",
            condition="; ".join(part for part in (excluded if denies else "", condition) if part),
        )


def _concerns(statement: dict[str, Any], arn: str, name: str, *, denies: bool) -> bool:
    """Whether the statement is about this secret; a policy variable in an ARN is a doubt."""
    key, patterns = one_of(statement, "Resource", name)
    if any("${" in pattern for pattern in patterns):
        return not denies
    listed = any(glob(pattern, ignore_case=False).fullmatch(arn) for pattern in patterns)
    return listed != key.startswith("Not")


def _actions(statement: dict[str, Any], name: str, *, denies: bool) -> tuple[Action, ...]:
    key, patterns = one_of(statement, "Action", name)
    globs = [glob(pattern, ignore_case=True) for pattern in patterns]
    covered = {
        operation
        for operation in ACTIONS
        if any(glob.fullmatch(f"secretsmanager:{operation}") for glob in globs) != key.startswith("Not")
    }
    behind = {
        action: {operation for operation, found in ACTIONS.items() if found is action} for action in Action
    }
    return tuple(
        action
        for action, operations in behind.items()
        if (operations <= covered if denies else operations & covered)
    )


def _condition(element: object, name: str) -> str:
    """Operators and keys of the condition, without their values."""
    found = conditions_of(element, name)
    return "; ".join(f"{operator} {', '.join(sorted(found[operator]))}" for operator in sorted(found))
