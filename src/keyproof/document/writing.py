"""Drafts as files: a policy pack and an inventory in YAML, every entry with the line it rests on."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from keyproof.document.classes import DocumentClass, placements
from keyproof.document.facts import Place, PolicyText
from keyproof.document.rules import Draft
from keyproof.document.spans import written
from keyproof.document.subjects import subjects
from keyproof.document.target import DraftRule
from keyproof.inventory.secret import DeclaredSecret

_VERSION = re.compile(r"\d+\.\d+(\.\d+)?")
_PLAIN = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*|\d{4}-\d{2}-\d{2}|\d{1,6}(?:d|h|min|mo|s)")
_WORDS_OF_YAML = frozenset({"true", "false", "null", "yes", "no", "on", "off"})


def pack_text(draft: Draft, *, id: str) -> str:  # noqa: A002 (the word of the file)
    """The pack as YAML that the loader accepts, given at least one rule."""
    return (
        "\n".join([*_head(draft, id), *_classes(draft), *_roles(draft), "", "rules:", *_rules(draft.rules)])
        + "\n"
    )


def inventory_text(draft: Draft) -> str:
    """The secrets that tables and lists of the document declare, as the inventory reader takes them; empty without any."""
    entries = [*_declared(draft.text), *_listed(draft)]
    if not entries:
        return ""
    head = [
        f"# The secrets that {_comment(draft.text.path)} declares. Dates are what people wrote, not what a backend shows.",
        "secrets:",
    ]
    return "\n".join([*head, *entries]) + "\n"


def configuration_text(parts: Sequence[tuple[str, str, str]]) -> str:
    """What goes into keyproof.yaml: the pack file, id and inventory file (or none) of every document."""
    packs = ", ".join(_scalar(f"./{pack}") for pack, _, _ in parts)
    sources = [
        f"  - {{id: {_scalar(f'{id}-inventory')}, kind: inventory, path: {_scalar(inventory)}}}"
        for _, id, inventory in parts  # noqa: A001 (the word of the file)
        if inventory
    ]
    lines = ["# Merge this into your keyproof.yaml; add the backends that hold the secrets under `sources`."]
    if len(parts) > 1:
        lines += [
            "# Every pack judges every secret: list together only policies that hold for the same systems."
        ]
    lines += ["version: 1", "organisation: unnamed", f"policies: [{packs}]"]
    lines += ["sources:", *sources] if sources else ["sources: []"]
    lines += ["# For the rules about leaks:", "# repositories: [{path: ., history: full}]"]
    return "\n".join(lines) + "\n"


def _head(draft: Draft, id: str) -> Iterator[str]:  # noqa: A002 (the word of the file)
    about, path = draft.text.about, draft.text.path
    yield f"# Made from {_comment(path)} by `keyproof policy import`. Read it before you rely on it: the line after # is where"
    yield "# each entry comes from. Patterns of classes are made from names in the document; correct them to yours."
    yield from ("apiVersion: keyproof/v1", "kind: PolicyPack", "metadata:", f"  id: {id}")
    yield f"  title: {_scalar(_text(about.title) or 'Secrets policy')}"
    version = about.version if _VERSION.fullmatch(about.version) else "0.1.0"
    yield f"  version: {json.dumps(version)}{_where(about.places.get('version'))}"
    if owner := _text(about.owner):
        yield f"  owner: {_scalar(owner)}{_where(about.places.get('owner'))}"
    if about.updated:
        yield f"  reviewed: {about.updated}{_where(about.places.get('updated'))}"
    if about.review and about.review.scheduled:
        yield f"  review-every: {written(about.review)}{_where(about.places.get('review'))}"
    if approvers := [name for name in subjects(about.approver) if _text(name)]:
        yield f"  approved-by: {_flow(approvers)}{_where(about.places.get('approver'))}"
    if about.approvals:
        yield f"  # {about.places['approvals'].line}: changes need {about.approvals} approvals; write who gave them as approved-by."


def _classes(draft: Draft) -> Iterator[str]:
    if not draft.classes:
        return
    yield from ("", "classes:   # the first that matches wins")
    for one in draft.classes:
        yield f"  # {_lines(one)}"
        yield f"  - id: {one.id}"
        yield f"    title: {_scalar(_text(one.title) or one.id)}"
        yield f"    match: {{name: {_flow(one.patterns)}}}"
        if one.priority in {"critical", "high", "medium", "low"}:
            yield f"    priority: {one.priority}"


def _lines(one: DocumentClass) -> str:
    return ", ".join(dict.fromkeys(_comment(str(schedule.place)) for schedule in one.schedules))


def _roles(draft: Draft) -> Iterator[str]:
    if draft.roles:
        yield from ("", "roles:   # ours: the document names roles, not principals; correct these patterns")
        for role, place in draft.roles.items():
            yield f"  {role}: {_flow([f'*{role}*'])}   # {_comment(str(place))}"


def _rules(rules: Sequence[DraftRule]) -> Iterator[str]:
    for rule in rules:
        places = ", ".join(_comment(str(place)) for place in rule.places)
        yield f"  # {places}: {_comment(rule.told)}"
        yield f"  - id: {rule.id}"
        yield f"    title: {_scalar(_text(rule.title) or rule.id)}"
        yield f"    check: {rule.check}"
        if rule.select:
            yield f"    select: {_flow(rule.select)}"
        if rule.with_:
            yield f"    with: {_flow(rule.with_)}"


def _declared(text: PolicyText) -> Iterator[str]:
    for secret in text.merged.secrets:
        if name := _text(secret.lead.name):
            yield f"  # {', '.join(_comment(str(text.at(line))) for line in sorted({row.line for row in secret.rows}))}"
            yield from _entry(name, _facts(secret))


def _facts(secret: DeclaredSecret) -> Iterator[tuple[str, str]]:
    coming = next((row for row in secret.rows if row.next_rotation or row.next_text), None)
    yield "type", secret.text("type")
    yield "service", secret.text("service")
    yield "environment", secret.environment
    yield "owner", secret.text("owner")
    yield "priority", secret.text("priority")
    yield "storage", secret.text("storage")
    yield "rotation period", secret.period.text if secret.period else ""
    yield "last rotated", str(secret.last_rotated or "")
    yield "next rotation", str(coming.next_rotation or coming.next_text) if coming else ""
    yield "status", secret.text("status")


def _listed(draft: Draft) -> Iterator[str]:
    known = {secret.lead.name for secret in draft.text.merged.secrets}
    for placement in placements(draft.text):
        if placement.named.name not in known:
            known.add(placement.named.name)
            settled = placement.entries and not placement.contradicts
            yield f"  # {_comment(str(placement.named.place))}"
            yield from _entry(
                placement.named.name,
                [("rotation period", placement.entries[0][0].period.text if settled else "")],
            )


def _entry(name: str, facts: Iterator[tuple[str, str]] | Sequence[tuple[str, str]]) -> Iterator[str]:
    yield f"  - secret: {_scalar(name)}"
    for key, value in facts:
        if shown := _text(value):
            yield f"    {key}: {_scalar(shown)}"


def _flow(value: Any) -> str:
    match value:
        case Mapping():
            return "{" + ", ".join(f"{_scalar(str(key))}: {_flow(item)}" for key, item in value.items()) + "}"
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case str():
            return _scalar(value)
        case _:
            return "[" + ", ".join(_flow(item) for item in value) + "]"


def _scalar(text: str) -> str:
    """`text` bare where YAML takes it for nothing else, else in double quotes."""
    plain = _PLAIN.fullmatch(text) and text not in _WORDS_OF_YAML
    return text if plain else json.dumps(_text(text), ensure_ascii=False)


def _text(text: str) -> str:
    """`text` in one line of characters that YAML may hold."""
    return " ".join(
        "".join(c if c.isprintable() and not 0xD800 <= ord(c) <= 0xDFFF else " " for c in text).split()
    )


def _comment(text: str) -> str:
    return _text(text)


def _where(place: Place | None) -> str:
    return f"   # {_comment(str(place))}" if place else ""
