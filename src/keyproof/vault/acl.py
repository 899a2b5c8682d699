"""Who may do what by a set of Vault or OpenBao policies, with the servers' own rules of priority.

They are those of https://developer.hashicorp.com/vault/docs/concepts/policies#priority-matching; the tests
compare them with a real server.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from keyproof.domain.access import AccessGrant, Action
from keyproof.vault.policy import CAPABILITIES, PathRule, Policy
from keyproof.vault.uses import Uses


@dataclass(slots=True, kw_only=True)
class _Merged:
    """Every rule with the same path, over all policies: the server adds them up, and deny ends it."""

    path: str
    granting: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    """Policy and condition → capabilities."""
    denying: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a set of policies allows on one path."""

    granting: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """Capability → the (policy, condition) pairs that grant it; empty when nothing is allowed."""
    denying: tuple[str, ...] = ()
    """Policies whose explicit deny rules the path."""

    def allows(self, capability: str) -> bool:
        """Whether `capability` is granted, maybe under a condition."""
        return capability in self.granting


_NOTHING = Decision()


class Acl:
    """The access that a token with these policies has.

    An exact path beats every pattern; of patterns the one whose first wildcard stands later wins, then one
    without a trailing `*`, with fewer `+`, the longer, the lexically greater. Only the winner counts.
    """

    def __init__(self, policies: Sequence[Policy], *, now: datetime) -> None:
        self._root = any(policy.name == "root" for policy in policies)
        self._exact: dict[str, _Merged] = {}
        self._prefixes: dict[str, _Merged] = {}
        self._segmented: dict[str, tuple[re.Pattern[str], _Merged]] = {}
        self._templated: list[tuple[re.Pattern[str], str, PathRule]] = []
        for policy in policies:
            for rule in policy.rules:
                if rule.expires is None or rule.expires > now:
                    self._add(policy.name, rule)
        self._lengths = sorted({len(prefix) for prefix in self._prefixes}, reverse=True)

    def _add(self, policy: str, rule: PathRule) -> None:
        if rule.templated:
            self._templated.append((rule.pattern(), policy, rule))
            return
        if rule.segmented:
            merged = self._segmented.setdefault(rule.path, (rule.pattern(), _Merged(path=rule.path)))[1]
        elif rule.path.endswith("*"):
            prefix = rule.path.removesuffix("*")
            merged = self._prefixes.setdefault(prefix, _Merged(path=prefix))
        else:
            merged = self._exact.setdefault(rule.path, _Merged(path=rule.path))
        if "deny" in rule.capabilities:
            merged.denying.append(policy)
        merged.granting.setdefault((policy, rule.condition), set()).update(rule.capabilities)

    def decide(self, path: str) -> Decision:
        """What is allowed on `path` for every operation but a listing."""
        return self._decision(self._exact.get(path) or self._best(path), path)

    def decide_list(self, folder: str) -> Decision:
        """What is allowed when `folder` (ending in `/`) is listed: rules without the slash count as well.

        The order is OpenBao's; Vault tries patterns without the slash before those with it, which differs
        only where a policy has both `x*` and `x/*`.
        """
        bare = folder.removesuffix("/")
        exact = self._exact.get(folder) or self._exact.get(bare)
        return self._decision(exact or self._best(folder) or self._best(bare), folder)

    def _best(self, path: str) -> _Merged | None:
        found: list[tuple[tuple[int, bool, int, int, str], _Merged]] = []
        for length in self._lengths:
            if length <= len(path) and (merged := self._prefixes.get(path[:length])) is not None:
                found.append(((length, False, 0, length, merged.path), merged))
                break
        for full, (pattern, merged) in self._segmented.items():
            if pattern.fullmatch(path):
                bare = full.removesuffix("*")
                pluses = bare.split("/").count("+")
                found.append(((full.index("+"), bare == full, -pluses, len(bare), bare), merged))
        return max(found, key=lambda pair: pair[0])[1] if found else None

    def _decision(self, merged: _Merged | None, path: str) -> Decision:
        if self._root:
            return Decision(granting=dict.fromkeys(sorted(CAPABILITIES - {"deny"}), (("root", ""),)))
        if merged is None and not self._templated:
            return _NOTHING
        granting: dict[str, set[tuple[str, str]]] = {}
        if merged is not None and not merged.denying:
            for pair, capabilities in merged.granting.items():
                for capability in capabilities:
                    granting.setdefault(capability, set()).add(pair)
        exceptions: list[str] = []
        for pattern, policy, rule in self._templated:
            if not pattern.fullmatch(path):
                continue
            if "deny" in rule.capabilities:
                exceptions.append(f"not where {policy} denies {rule.path}")
                continue
            condition = ", ".join(filter(None, (f"where {rule.path} means this path", rule.condition)))
            for capability in rule.capabilities:
                granting.setdefault(capability, set()).add((policy, condition))
        return Decision(
            granting={
                capability: tuple(
                    sorted(
                        (policy, ", ".join(filter(None, (condition, *exceptions))))
                        for policy, condition in pairs
                    )
                )
                for capability, pairs in granting.items()
            },
            denying=tuple(sorted(set(merged.denying))) if merged is not None else (),
        )


_WRITING = frozenset({"create", "update", "patch"})


def kv2_grants(acl: Acl, principal: str, *, mount: str, path: str) -> tuple[AccessGrant, ...]:
    """How `principal`, holding `acl`, reaches the KV version 2 secret `path` of `mount` (ending in `/`).

    Reading the value is `read` on data; deleting, destroying, undeleting and changing the metadata (which can
    shorten the history) is administration.
    """
    data, metadata = acl.decide(f"{mount}data/{path}"), acl.decide(f"{mount}metadata/{path}")
    listing = acl.decide_list(f"{mount}metadata/{_parent(path)}")
    admin = [(data, {"delete", "sudo"}), (metadata, _WRITING | {"delete", "sudo"})]
    admin += [(acl.decide(f"{mount}{verb}/{path}"), _WRITING) for verb in ("delete", "undelete", "destroy")]
    return _grants(
        principal,
        {
            Action.READ: [(data, {"read"})],
            Action.LIST: [(metadata, {"read"}), (listing, {"list", "scan"})],
            Action.WRITE: [(data, _WRITING)],
            Action.ADMIN: admin,
        },
        denied=[(data, (Action.READ, Action.WRITE)), (metadata, (Action.ADMIN,))],
    )


def kv1_grants(acl: Acl, principal: str, *, mount: str, path: str) -> tuple[AccessGrant, ...]:
    """How `principal`, holding `acl`, reaches the KV version 1 secret `path` of `mount` (ending in `/`)."""
    data = acl.decide(mount + path)
    return _grants(
        principal,
        {
            Action.READ: [(data, {"read"})],
            Action.LIST: [(acl.decide_list(mount + _parent(path)), {"list", "scan"})],
            Action.WRITE: [(data, _WRITING)],
            Action.ADMIN: [(data, {"delete", "sudo"})],
        },
        denied=[(data, (Action.READ, Action.WRITE, Action.ADMIN))],
    )


def uses_grants(acl: Acl, uses: Uses) -> tuple[AccessGrant, ...]:
    """How whoever holds `acl` reaches a secret of which `uses` are all the ways; the principal is empty."""
    decisions = {path: acl.decide(path) for path, _ in uses}
    allowed: dict[Action, list[tuple[Decision, Iterable[str]]]] = {}
    denied: dict[str, list[Action]] = {}
    for (path, capability), action in uses.items():
        allowed.setdefault(action, []).append((decisions[path], (capability,)))
        if action is not Action.LIST:
            denied.setdefault(path, []).append(action)
    return _grants("", allowed, denied=[(decisions[path], actions) for path, actions in denied.items()])


def _parent(path: str) -> str:
    return path.rpartition("/")[0] + "/" if "/" in path else ""


def _grants(
    principal: str,
    allowed: Mapping[Action, Iterable[tuple[Decision, Iterable[str]]]],
    *,
    denied: Iterable[tuple[Decision, Iterable[Action]]],
) -> tuple[AccessGrant, ...]:
    found: dict[tuple[str, str, str], set[Action]] = {}
    for action, needs in allowed.items():
        for decision, capabilities in needs:
            if not decision.granting:
                continue
            for capability in capabilities:
                for policy, condition in decision.granting.get(capability, ()):
                    found.setdefault((policy, "allow", condition), set()).add(action)
    for decision, actions in denied:
        for policy in decision.denying:
            found.setdefault((policy, "deny", ""), set()).update(actions)
    return tuple(
        AccessGrant(
            principal=principal,
            actions=tuple(action for action in Action if action in actions),
            via=f"policy {policy}",
            effect=effect,
            condition=condition,
        )
        for (policy, effect, condition), actions in sorted(found.items())
    )
