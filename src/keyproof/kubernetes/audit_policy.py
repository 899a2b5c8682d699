"""What an API server records about Secrets, from its audit policy file and its flags."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from keyproof.domain.access import AuditTrail

_NARROWING = ("users", "userGroups", "namespaces", "nonResourceURLs")
_WITH_VALUES = frozenset({"Request", "RequestResponse"})
_READS = ("get", "list", "watch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What a policy lets be recorded."""

    covers_reads: bool | None
    """None where reads by some are left out."""
    values: bool
    """Whether values of Secrets may stand in the log."""


def read_policy(document: object) -> Recorded:
    """What an audit policy records about reads of Secrets: for each request the first rule that meets it decides.

    Raises ValueError for anything but a policy.
    """
    if not isinstance(document, Mapping) or document.get("kind") != "Policy":
        raise ValueError("it is no audit policy")
    rules = [rule for rule in document.get("rules") or () if _meets_secrets(rule)]
    covered = [_covers(rules, verb) for verb in _READS]
    every = None if None in covered else all(covered)
    return Recorded(
        covers_reads=every if every is not False or not any(covered) else None,
        values=any(rule.get("level") in _WITH_VALUES for rule in rules),
    )


def _covers(rules: list[Mapping[str, Any]], verb: str) -> bool | None:
    partly = False
    for rule in rules:
        if verb not in (rule.get("verbs") or _READS):
            continue
        silent = rule.get("level") == "None"
        if _narrow(rule):
            partly |= silent
        elif silent:
            return False
        else:
            return None if partly else True
    return False


def _meets_secrets(rule: Mapping[str, Any]) -> bool:
    if rule.get("nonResourceURLs"):
        return False
    resources = rule.get("resources")
    return not resources or any(
        not entry.get("group") and (not entry.get("resources") or {"secrets", "*"} & set(entry["resources"]))
        for entry in resources
    )


def _narrow(rule: Mapping[str, Any]) -> bool:
    """Whether the rule meets only some of the reads of Secrets."""
    named = any(entry.get("resourceNames") for entry in rule.get("resources") or ())
    return named or any(rule.get(key) for key in _NARROWING)


def trails(flags: Mapping[str, str], recorded: Recorded | None) -> tuple[AuditTrail, ...]:
    """Where a kube-apiserver with these flags writes its audit log; nowhere without a policy."""
    if not flags.get("audit-policy-file"):
        return ()
    covers = recorded.covers_reads if recorded else None
    days = int(age) if (age := flags.get("audit-log-maxage", "")).isdecimal() else 0
    found = []
    if path := flags.get("audit-log-path"):
        retention = timedelta(days=days) if days else None
        found.append(AuditTrail(sink=f"file {path}", enabled=True, covers_reads=covers, retention=retention))
    if path := flags.get("audit-webhook-config-file"):
        found.append(AuditTrail(sink=f"webhook {path}", enabled=True, covers_reads=covers))
    return tuple(found)
