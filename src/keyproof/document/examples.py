"""Code that a document shows as an example, against what the document itself demands."""

import re
from collections.abc import Iterator
from itertools import pairwise

from keyproof.document.contradiction import Contradiction, Kind
from keyproof.document.facts import Demand, Duty, PolicyText, Strong

_SECRETIVE = r"\w{0,40}(?:key|secret|passw(?:or)?d|pwd|token|credential|dsn)\w{0,40}"
_CACHES = re.compile(r"@(?:functools\.)?(?:lru_cache|cache|cached|memoize)\b(?!.*\bttl\b)", re.IGNORECASE)
_READS = re.compile(rf"\b(?:def|function|func|fn)\s+({_SECRETIVE})\s*\(", re.IGNORECASE)
_LOGS = re.compile(r"\b(?:log(?:ger|ging)?|console)\.\w+\(|\bprint\(", re.IGNORECASE)
_SLICE = re.compile(
    rf"\b{_SECRETIVE}(?:\[\s*-?\d*\s*:\s*-?\d*\s*\]|\.(?:slice|substring|substr)\()", re.IGNORECASE
)
_WARNED = re.compile(r"\bbad\b|don.?t|never|wrong|avoid|\N{CROSS MARK}", re.IGNORECASE)
_DEFAULT = re.compile(
    rf"""\b(?:getenv|environ\.get)\(\s*["']({_SECRETIVE})["']\s*,\s*(?:default\s*=\s*)?["'][^"']+["']|"""
    rf"""\bget_\w+\(\s*["']({_SECRETIVE})["'],[^)]{{0,80}}?\bdefault\s*=\s*["'][^"']+["']|"""
    rf"""\bprocess\.env\.({_SECRETIVE})\s*(?:\|\||\?\?)\s*["'][^"']+["']""",
    re.IGNORECASE,
)
_RECIPE = re.compile(r"\bopenssl rand -(hex|base64) \d+")
_PASSWORD = re.compile(r"\bpass(?:word|phrase)", re.IGNORECASE)
_SURE = {"hex": 2, "base64": 0}
"""Kinds of characters that an encoding of random bytes can give at the most (hex), or for sure (base64)."""


def contradictions(text: PolicyText) -> Iterator[Contradiction]:
    """Caches that outlive a rotation, masks that show a part, defaults for what must not be missing, weak recipes."""
    yield from _caches(text)
    for demand in text.of(Duty.NOT_LOGGED)[:1]:
        yield from _masks(text, demand)
    for demand in text.of(Duty.FAIL_FAST)[:1]:
        yield from _defaults(text, demand)
    mixed = [one for one in text.strong if one.demands.get("character-classes", 0) > 2]
    for strong in mixed[:1]:
        yield from _recipes(text, strong)


def _caches(text: PolicyText) -> Iterator[Contradiction]:
    rotates = [one for one in text.schedules if one.period.scheduled]
    if not rotates:
        return
    rotated = min(rotates, key=lambda one: (one.period.approximate_span, one.place))
    for cache, read in pairwise(text.commands):
        name = _READS.search(read.text)
        if name and _CACHES.search(cache.text) and cache.step_place == read.step_place:
            yield Contradiction(
                kind=Kind.CACHED, subject=name[1], first=cache.place,
                first_value="what it read once it keeps", second=rotated.place,
                second_value=f"{rotated.title} rotates: {rotated.shown}",
                reason="a new value is not seen before the next start; let the cache end, or restart after each rotation",
            )  # fmt: skip


def _masks(text: PolicyText, demand: Demand) -> Iterator[Contradiction]:
    for one in text.commands:
        found = _SLICE.search(one.text)
        if found and _LOGS.search(one.text) and not _WARNED.search(one.comment):
            yield Contradiction(
                kind=Kind.MASK, subject=found[0], first=one.place, first_value="logs a part of the value",
                second=demand.place, second_value=demand.shown,
                reason="a part is the value to whoever guesses the rest; log its name",
            )  # fmt: skip


def _defaults(text: PolicyText, demand: Demand) -> Iterator[Contradiction]:
    for one in text.commands:
        found = _DEFAULT.search(one.text)
        if found and not _WARNED.search(one.comment):
            yield Contradiction(
                kind=Kind.DEFAULT, subject=next(filter(None, found.groups())), first=one.place,
                first_value="a value for when it is missing", second=demand.place, second_value=demand.shown,
                reason="with a default it is never missing, and the default is known to all",
            )  # fmt: skip


def _recipes(text: PolicyText, strong: Strong) -> Iterator[Contradiction]:
    wanted = strong.demands["character-classes"]
    for one in text.commands:
        found = _RECIPE.search(one.text)
        if found and _PASSWORD.search(f"{one.comment} {one.text}") and _SURE[found[1]] < wanted:
            yield Contradiction(
                kind=Kind.RECIPE, subject="passwords", first=one.place, first_value=found[0],
                second=strong.place, second_value=f"{wanted} kinds of characters",
                reason=f"{found[1]} of random bytes does not promise them",
            )  # fmt: skip
