"""Which rights each source can make use of, and which of them a run found missing."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from keyproof.domain.assessment import Assessment, ScopeStatus, SourceRecord
from keyproof.domain.secret import SecretMetadata

_SHORT_OF_RIGHTS = frozenset({ScopeStatus.DENIED, ScopeStatus.PARTIAL})
_PLACEHOLDER = re.compile(r"(?:(?<=/)|(?<=^))[A-Z][A-Z0-9]+(?=/|$)|\*")
"""A part of a path that stands for a name, as in `read auth/METHOD/role`."""
_ANY_NAME = r"[^\s']+"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What one source needs, and what it lacks."""

    source: SourceRecord
    missing: Mapping[str, tuple[str, ...]]
    """Right → the scopes that could not be read for want of it, sorted."""


def of_sources(assessment: Assessment) -> list[Rights]:
    """One for each source, in the order of the assessment.

    A right is missing when the reason or the next step of a gap names it, or the reason why something about a secret
    was not read: collectors word both with the names of `permissions`.
    """
    told: defaultdict[str, dict[tuple[str, str], None]] = defaultdict(dict)
    for source, scope, text in _told(assessment):
        told[source][scope, text] = None
    return [Rights(source=one, missing=_missing(one.permissions, told[one.id])) for one in assessment.sources]


def _told(assessment: Assessment) -> Iterator[tuple[str, str, str]]:
    """Source, scope and text of whatever may name a right."""
    for scope in assessment.scopes:
        if scope.status in _SHORT_OF_RIGHTS:
            yield scope.source, scope.scope, f"{scope.reason} {scope.hint}"
    for record in assessment.subjects:
        subject = record.subject
        if isinstance(subject, SecretMetadata):
            for reason in subject.unread.values():
                yield subject.source, subject.scope, reason


def _missing(permissions: Iterable[str], told: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    patterns = {permission: re.compile(_pattern(permission)) for permission in permissions}
    found: defaultdict[str, set[str]] = defaultdict(set)
    for scope, text in told:
        for permission in _named_in(text, patterns):
            found[permission].add(scope)
    return {permission: tuple(sorted(found[permission])) for permission in patterns if permission in found}


def _named_in(text: str, patterns: Mapping[str, re.Pattern[str]]) -> list[str]:
    """The rights that `text` names; of two that fit the same words the one that says more of them."""
    fits = [
        (permission, found.span(), len(_PLACEHOLDER.sub("", permission.partition(" ")[2])))
        for permission, pattern in patterns.items()
        if (found := pattern.search(text))
    ]
    return [
        permission
        for permission, (begin, end), says in fits
        if not any(other > says and start < end and begin < stop for _, (start, stop), other in fits)
    ]


def _pattern(permission: str) -> str:
    """The right as a text names it: whole, or with names in it as in `'read' on sys/auth`."""
    verb, _, what = permission.partition(" ")
    named = re.escape(permission)
    if what:
        path = _ANY_NAME.join(map(re.escape, _PLACEHOLDER.split(what)))
        named = rf"(?:{named}|'?{re.escape(verb.partition('+')[0])}'?(?: with 'sudo')? on {path})"
    return rf"(?<![\w:./-]){named}(?![\w:/-]|\.\w)"
