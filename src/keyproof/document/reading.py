"""A policy document read into facts; what becomes no fact is kept with its line and the reason."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from keyproof.document import code, custody, schedule, strength, upkeep
from keyproof.document.facts import UNCHECKED, Place, PolicyText, Unread
from keyproof.document.outline import Form, Outline, Statement, outline
from keyproof.document.spans import first_span
from keyproof.inventory.merge import merge
from keyproof.inventory.reading import Choice, read
from keyproof.inventory.words import looks_like_value

_DEMANDS = re.compile(
    r"\b(?:must|shall|should|never|always|required|requires?|only|do not|don't|ensure|maintain|minimum|at least)\b",
    re.IGNORECASE,
)
_POLICY = (
    "requirement", "compliance", "audit", "access control", "principle", "best practice", "guideline", "monitor",
    "incident", "emergency", "compromise", "don't", "standard", "review",
)  # fmt: skip
_REASONS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\bbits?\b|characters|uppercase|symbols|random|prefix|AES|RSA|strong|weak|unique", re.IGNORECASE),
     "the strength of a value: no backend shows it without giving the value away"),
    (re.compile(r"multi-?factor|\bMFA\b|least privilege|role-?based|authori[sz]ed", re.IGNORECASE),
     "a rule about people and roles: name the principals in an access rule, or attest it"),
    (re.compile(r"different secrets?|same secrets?|per environment|across environments", re.IGNORECASE),
     "equality of values between environments: no metadata shows it"),
    (re.compile(r"monitor|alert|track|unusual|anomal|failed", re.IGNORECASE), "monitoring while running: attest it"),
    (re.compile(r"report|audit|penetration|review", re.IGNORECASE), "an activity of people: attest it with its frequency"),
    (re.compile(r"notify|notif|document|post-?mortem|incident|investigat|assess|identify|check|conduct", re.IGNORECASE),
     "a step of an incident or procedure: attest it"),
    (re.compile(r"e-?mail|chat|error messages?|\blogs?\b|transit", re.IGNORECASE), "nothing a secret's metadata or a git history shows"),
)  # fmt: skip
_LONGEST = 120


class _Placed(Protocol):
    @property
    def place(self) -> Place: ...


def read_document(text: str, *, path: str) -> PolicyText:
    """Read one policy document; whatever the text, there is a reading of it, perhaps without any fact."""
    found = outline(text, path=path)
    reading = read(found.tables, Choice())
    merged = merge(reading.rows)
    facts = PolicyText(
        path=path,
        about=upkeep.about(found),
        schedules=(*schedule.from_tables(found, merged), *schedule.from_text(found)),
        procedures=tuple(schedule.procedures(found)),
        triggers=tuple(schedule.triggers(found)),
        graces=tuple(upkeep.graces(found)),
        rungs=tuple(upkeep.rungs(found)),
        access=tuple(custody.access(found)),
        steps=tuple(upkeep.steps(found)),
        kept=tuple(custody.kept(found, reading)),
        stored=tuple(custody.stored(found)),
        named=tuple(custody.named(found)),
        mentions=tuple(custody.mentions(found)),
        commands=tuple(code.commands(found)),
        demands=tuple(upkeep.demands(found)),
        strong=tuple(strength.strong(found)),
        inventory=reading,
        merged=merged,
        unread=(),
    )
    return replace(facts, unread=tuple(sorted(_unread(found, facts), key=lambda part: part.place)))


def _unread(found: Outline, facts: PolicyText) -> Iterator[Unread]:
    used = _used(facts)
    for statement in found.statements:
        if (
            statement.form in {Form.ITEM, Form.TEXT}
            and statement.line not in used
            and (reason := _why(statement))
        ):
            text = statement.text[:_LONGEST]
            shown = "(looks like a secret's value)" if looks_like_value(statement.text) else text
            yield Unread(place=Place(path=found.path, line=statement.line), text=shown, reason=reason)
    for part in facts.inventory.skipped:
        if not part.harmless:
            yield Unread(
                place=Place(path=found.path, line=part.line), text="row of a table", reason=part.reason
            )
    matrices = {row.place.line for row in facts.access} | {kept.place.line for kept in facts.kept}
    for part in facts.inventory.passed:
        table = next(table for table in found.tables.tables if table.line == part.line)
        if not matrices.intersection(row.line for row in table.rows):
            yield Unread(place=Place(path=found.path, line=part.line), text="table", reason=part.reason)


def _used(facts: PolicyText) -> frozenset[int]:
    families: tuple[Sequence[_Placed], ...] = (
        facts.schedules, facts.triggers, facts.graces, facts.rungs, facts.access, facts.steps,
        facts.kept, facts.named, [one for one in facts.demands if one.duty not in UNCHECKED], facts.strong,
    )  # fmt: skip
    places = [fact.place for family in families for fact in family]
    places += facts.about.places.values()
    places += [place for schedule in facts.schedules for place in schedule.places.values()]
    return frozenset(place.line for place in places)


def _why(statement: Statement) -> str:
    """Why a statement that demands something is no check; empty when it demands nothing."""
    if statement.task:
        return "an entry of a checklist: attest that it was gone through"
    told = _DEMANDS.search(statement.text) or first_span(statement.text)
    if not told and not (statement.form is Form.ITEM and statement.below(*_POLICY)):
        return ""
    if statement.text.endswith(":") and not first_span(statement.text):
        return ""
    general = "no check of keyproof looks at this; attest it, or write a rule of your own"
    if statement.below("incident", "emergency", "compromis", "breach"):
        general = "a step of an incident or procedure: attest it"
    elif "type" in statement.intro.casefold():
        general = "names a kind of secret, without a period of its own"
    return next((reason for pattern, reason in _REASONS if pattern.search(statement.text)), general)
