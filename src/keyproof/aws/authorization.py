"""Who may do what with a resource: identity policies, resource policy, boundaries and denials taken together.

Follows https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html for one account.
Left out, because they only take away: policies of the organisation and of sessions. Left out, because nobody can
take it away here: the account's root user.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from keyproof.aws.condition import Circumstances, Match, matches
from keyproof.aws.identities import Account, Compiled, Identity
from keyproof.aws.policy_document import RESOURCE_POLICY, Statement, statements_of
from keyproof.domain.access import AccessGrant, Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The operations of a service on one kind of resource."""

    service: str
    actions: Mapping[str, Action]
    """Operation → what it comes to."""
    delegated: bool = False
    """Whether identity policies count only where the resource policy lets its account decide, as for KMS keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """One statement that allows or denies something here."""

    operations: frozenset[str]
    via: str
    doubt: str
    """What it depends on; empty when it holds."""
    bounded: bool = False
    """Whether a permissions boundary, or a missing delegation, limits it."""


@dataclass(slots=True, kw_only=True)
class Authorization:
    """Resolves the grants on resources of one account."""

    account: Account
    vocabulary: Vocabulary
    _everywhere: dict[str, tuple[AccessGrant, ...]] = field(default_factory=dict)
    """Identity → its grants, where they are the same on every resource that has no policy of its own."""
    _known: Mapping[str, Identity] = field(init=False)

    def __post_init__(self) -> None:
        self._known = {name: one for one in self.account.identities for name in (one.arn, one.id)}

    def grants_on(
        self, arn: str, *, tags: Mapping[str, str] | None, policies: Mapping[str, str]
    ) -> tuple[AccessGrant, ...]:
        """Every way that leads to the resource, denials already taken away; sorted.

        `policies` are the resource's own: the way of each, as `resource_policy` says it → its JSON text. A way that
        depends on what is not known has a condition. Raises ValueError when a policy cannot be understood.
        """
        resource = tuple(self._statements(policies, arn))
        found: set[AccessGrant] = set()
        for compiled in self.account.compiled(
            self.vocabulary.service, tuple(self.vocabulary.actions)
        ).values():
            found.update(self._of_identity(compiled, arn, tags, resource))
        found.update(self._of_others(arn, tags, resource))
        return tuple(sorted(found))

    def _statements(self, policies: Mapping[str, str], arn: str) -> Iterator[tuple[str, Statement]]:
        service, operations = self.vocabulary.service, tuple(self.vocabulary.actions)
        for via, policy in policies.items():
            for statement in statements_of(policy, service=service, operations=operations, arn=arn):
                yield via, statement

    def _of_identity(
        self,
        compiled: Compiled,
        arn: str,
        tags: Mapping[str, str] | None,
        resource: Sequence[tuple[str, Statement]],
    ) -> tuple[AccessGrant, ...]:
        if not compiled.statements and not resource:
            return ()
        identity = compiled.identity
        same = not resource and all(
            one.everywhere for one in (*(st for _, st in compiled.statements), *(compiled.boundary or ()))
        )
        if same and identity.arn in self._everywhere:
            return self._everywhere[identity.arn]
        around = _around(identity, arn, tags)
        own = _account(arn)
        ways = list(_ways(((via, st, "") for via, st in compiled.statements), around))
        for via, statement in resource:
            who = _names(statement, identity, own)
            if who is None or (not statement.denies and _about_all(statement)):
                continue
            # A role stays within its boundary even where a resource policy names it; a user does not.
            ways += _ways([(via, statement, who)], around, bounded=not identity.user)
        limits: list[list[_Way]] = []
        if compiled.boundary is not None:
            inside = list(_ways((("permissions boundary", st, "") for st in compiled.boundary), around))
            ways += [way for way in inside if way.via.startswith("-")]
            limits.append([way for way in inside if not way.via.startswith("-")])
        delegation = self._delegation(resource, around, own)
        granted = tuple(self._grants(identity.arn, ways, limits, delegation))
        if same:
            self._everywhere[identity.arn] = granted
        return granted

    def _delegation(
        self, resource: Sequence[tuple[str, Statement]], around: Circumstances, own: str
    ) -> list[_Way] | None:
        """What the resource policy leaves to the account's own policies; None where it needs not."""
        if not self.vocabulary.delegated:
            return None
        leaving = [
            ("", statement, "")
            for _, statement in resource
            if not statement.denies and any(_is_root(name, own) for name in statement.principals)
        ]
        return list(_ways(leaving, around))

    def _of_others(
        self, arn: str, tags: Mapping[str, str] | None, resource: Sequence[tuple[str, Statement]]
    ) -> Iterator[AccessGrant]:
        """Principals of the resource policy that are no identity of the account: others' accounts, services, anyone."""
        own = _account(arn)
        names = {
            name
            for _, statement in resource
            if not statement.denies
            for name in (("*",) if statement.other_principals else statement.principals)
            if name not in self._known and not _is_root(name, own)
        }
        for name in names:
            around = _around_other(name, arn, tags, own)
            ways = [
                way
                for via, statement in resource
                for who in [_names_other(statement, name)]
                if who is not None
                for way in _ways([(via, statement, who)], around)
            ]
            yield from self._grants(name, ways, [], None)

    def _grants(
        self,
        principal: str,
        ways: Iterable[_Way],
        limits: Sequence[Sequence[_Way]],
        delegation: Sequence[_Way] | None,
    ) -> Iterator[AccessGrant]:
        every = list(ways)
        denials = [way for way in every if way.via.startswith("-")]
        barred = frozenset[str]().union(*(way.operations for way in denials if not way.doubt))
        doubtful = [way for way in denials if way.doubt]
        for way in every:
            if way.via.startswith("-"):
                continue
            within = list(limits) if way.bounded or not way.via.startswith(RESOURCE_POLICY) else []
            if delegation is not None and not way.via.startswith(RESOURCE_POLICY):
                within.append(delegation)
            yield from self._grants_by(principal, way, way.operations - barred, within, doubtful)

    def _grants_by(
        self,
        principal: str,
        way: _Way,
        operations: frozenset[str],
        within: Sequence[Sequence[_Way]],
        doubtful: Sequence[_Way],
    ) -> Iterator[AccessGrant]:
        least: dict[Action, str] = {}
        for operation in sorted(operations):
            condition = _condition(way, operation, within, doubtful)
            action = self.vocabulary.actions[operation]
            if condition is not None and (action not in least or len(condition) < len(least[action])):
                least[action] = condition
        for condition in sorted(set(least.values())):
            actions = tuple(action for action in Action if least.get(action) == condition)
            yield AccessGrant(principal=principal, actions=actions, via=way.via, condition=condition)


def _condition(
    way: _Way, operation: str, within: Sequence[Sequence[_Way]], doubtful: Sequence[_Way]
) -> Match:
    """What the operation depends on by this way; None where a limit does not let it through."""
    parts = [way.doubt] if way.doubt else []
    for limit in within:
        through = [one.doubt for one in limit if operation in one.operations]
        if not through:
            return None
        if least := min(through, key=len):
            parts.append(least)
    parts += [f"unless {deny.doubt}" for deny in doubtful if operation in deny.operations]
    return "; ".join(dict.fromkeys(parts))


def _ways(
    statements: Iterable[tuple[str, Statement, str]], around: Circumstances, *, bounded: bool = False
) -> Iterator[_Way]:
    """The statements that match, each with its way and a doubt about its principal; a denial's way begins with `-`."""
    for via, statement, doubt in statements:
        found = matches(statement, around)
        if found is not None:
            yield _Way(
                operations=statement.operations,
                via=("-" if statement.denies else "") + f"{via}, {statement.name}",
                doubt="; ".join(part for part in (doubt, found) if part),
                bounded=bounded,
            )


def _names(statement: Statement, identity: Identity, own: str) -> Match:
    """Whether a statement of the resource policy names the identity."""
    named = "*" in statement.principals or not {identity.arn, identity.id}.isdisjoint(statement.principals)
    by_root = any(_is_root(name, own) for name in statement.principals)
    if statement.other_principals:
        if named:
            return None
        return "NotPrincipal with the account's root" if by_root and statement.denies else ""
    if statement.denies and by_root:
        return ""
    return "" if named else None


def _about_all(statement: Statement) -> bool:
    """Whether it allows everybody without a condition, which one grant to `*` says for all."""
    return not statement.conditions and ("*" in statement.principals or statement.other_principals)


def _names_other(statement: Statement, name: str) -> Match:
    """Whether a statement concerns a principal that is no identity of the account."""
    account = _account(name)
    mine = {name, *(one for one in statement.principals if account and _is_root(one, account))}
    named = not mine.isdisjoint(statement.principals)
    if statement.other_principals:
        if name == "*":
            return "" if not statement.denies else "NotPrincipal " + ", ".join(statement.principals)
        return None if named else ""
    if statement.denies:
        return "" if named or "*" in statement.principals else None
    return "" if name in statement.principals else None


def _around(identity: Identity, arn: str, tags: Mapping[str, str] | None) -> Circumstances:
    own = _account(identity.arn)
    facts: dict[str, str | None] = {
        **_shared(arn),
        "aws:principalarn": identity.arn,
        "aws:principalaccount": own,
        "kms:calleraccount": own,
        "aws:principalisawsservice": "false",
        "aws:principaltype": "User" if identity.user else "AssumedRole",
        "aws:username": identity.name if identity.user else None,
    }
    likely = {"secretsmanager:versionstage": "AWSCURRENT"}
    held = {f"aws:principaltag/{key.lower()}": value for key, value in identity.tags.items()}
    if identity.user:
        facts |= {"aws:userid": identity.id, "aws:principaltag/*": None, **held}
    else:
        likely |= held
    return Circumstances(arn=arn, facts=facts, likely=likely, tags=tags)


def _around_other(name: str, arn: str, tags: Mapping[str, str] | None, own: str) -> Circumstances:
    facts: dict[str, str | None] = dict(_shared(arn))
    account = _account(name)
    if account:
        facts |= {"aws:principalaccount": account, "kms:calleraccount": account}
        if not _is_root(name, account):
            facts["aws:principalarn"] = name
    if name.endswith(".amazonaws.com"):
        facts["aws:principalisawsservice"] = "true"
    likely = {"secretsmanager:versionstage": "AWSCURRENT"}
    return Circumstances(
        arn=arn, facts=facts, likely=likely, tags=tags, foreign_to=own if name == "*" else ""
    )


def _shared(arn: str) -> dict[str, str]:
    """What every request for the resource has; AWS's tools use TLS."""
    region = arn.split(":")[3] if arn.count(":") >= 5 else ""
    return {
        "aws:securetransport": "true",
        "aws:resourceaccount": _account(arn),
        **({"aws:requestedregion": region} if region else {}),
    }


def _account(arn: str) -> str:
    return arn.split(":")[4] if arn.count(":") >= 5 else ""


def _is_root(name: str, account: str) -> bool:
    return name.startswith("arn:") and name.endswith(f":iam::{account}:root")
