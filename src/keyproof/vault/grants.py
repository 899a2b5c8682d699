"""Who reaches which secret: the policies of every holder applied to one path."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from keyproof.domain.access import AccessGrant
from keyproof.vault.acl import Acl, kv1_grants, kv2_grants, uses_grants
from keyproof.vault.holders import NamespaceAccess
from keyproof.vault.policy import Policy, parse_policy
from keyproof.vault.uses import Uses


@dataclass(frozen=True, slots=True)
class _PolicySet:
    namespace: str
    names: frozenset[str]
    condition: str = ""
    """Set when nobody is known to hold it."""


class Grants:
    """Who reaches a secret, worked out once per distinct set of policies.

    Principals are those of `NamespaceAccess`, and two more: `*` for any token with the `default` policy, and
    `policy/NAME` for a policy that nobody listed holds, because a token can be created with it at any time.
    """

    def __init__(self, chain: Mapping[str, NamespaceAccess], *, now: datetime) -> None:
        """`chain` holds a namespace and those above it, each by its path: policies of all of them reach down."""
        problems = [problem for access in chain.values() for problem in access.unread_policies]
        missing = tuple(problem for access in chain.values() for problem in access.unread_holders)
        self._holders: dict[_PolicySet, list[str]] = {}
        self._made: dict[tuple[str, AccessGrant, str], AccessGrant] = {}
        self._tuples: dict[tuple[AccessGrant, ...], tuple[AccessGrant, ...]] = {}
        parsed: dict[str, dict[str, Policy]] = {}
        for namespace, access in chain.items():
            parsed[namespace] = dict(_parsed(namespace, access, problems))
            for holder in access.holders:
                key = _PolicySet(namespace, holder.policies)
                self._holders.setdefault(key, []).append(holder.principal)
            unheld = _unheld(namespace, access, complete=not missing)
            self._holders.update((key, [principal]) for key, principal in unheld)
        self._acls = {key: Acl(_chosen(parsed[key.namespace], key.names), now=now) for key in self._holders}
        self.problems = (*problems, *missing)
        """Why the grants are incomplete; empty when they are not."""
        self.usable = not problems
        """Whether the grants that are there hold: without a policy's text, which may deny, none does."""

    def on(self, *, version: int, mount: str, path: str) -> tuple[AccessGrant, ...]:
        """Grants on the secret `path` of `mount` (its namespace in front, `/` at its end), sorted."""
        find = kv2_grants if version == 2 else kv1_grants
        return self._all(lambda acl: find(acl, "", mount=mount, path=path))

    def by(self, uses: Uses) -> tuple[AccessGrant, ...]:
        """Grants on the secret of another engine of which `uses` are all the ways, sorted."""
        return self._all(lambda acl: uses_grants(acl, uses))

    def _all(self, find: Callable[[Acl], tuple[AccessGrant, ...]]) -> tuple[AccessGrant, ...]:
        found: list[AccessGrant] = []
        for key, principals in self._holders.items():
            for grant in find(self._acls[key]):
                if not (key.condition and grant.effect == "deny"):  # it rules the tokens that hold it, if any
                    found.extend(self._for(principal, grant, key.condition) for principal in principals)
        whole = tuple(sorted(found))
        return self._tuples.setdefault(whole, whole)

    def _for(self, principal: str, grant: AccessGrant, condition: str) -> AccessGrant:
        # Thousands of secrets share few distinct grants: each is kept once.
        key = (principal, grant, condition)
        if key not in self._made:
            both = ", ".join(filter(None, (condition, grant.condition)))
            self._made[key] = replace(grant, principal=principal, condition=both)
        return self._made[key]


def _parsed(namespace: str, access: NamespaceAccess, problems: list[str]) -> Iterator[tuple[str, Policy]]:
    for name, text in access.policies.items():
        try:
            yield name, parse_policy(name, text, namespace=namespace)
        except ValueError as error:
            problems.append(f"the policy {namespace}{name} cannot be understood: {error}")


def _chosen(parsed: Mapping[str, Policy], names: frozenset[str]) -> list[Policy]:
    return [parsed[name] for name in sorted(names) if name in parsed]


def _unheld(namespace: str, access: NamespaceAccess, *, complete: bool) -> Iterator[tuple[_PolicySet, str]]:
    held = {name for holder in access.holders for name in holder.policies}
    for name in access.policies:
        alone = frozenset({name})
        if name == "default":
            yield _PolicySet(namespace, alone, "any token without no_default_policy"), "*"
        elif complete and name != "root" and name not in held:
            condition = "no role, user or group holds it; a token created with it does"
            yield _PolicySet(namespace, alone, condition), f"{namespace}policy/{name}"
