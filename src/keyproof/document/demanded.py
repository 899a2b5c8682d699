"""Rules from what a document demands in general: no leaks, encryption, logs, reviews, strength."""

from collections.abc import Iterator, Sequence
from typing import Any

from keyproof.document.facts import Duty, PolicyText, Strong
from keyproof.document.spans import written
from keyproof.document.target import EVERYTHING, LIVE, DraftRule, Target, Targets, by_name


def duties(text: PolicyText) -> Iterator[DraftRule]:
    """Rules that hold for every secret, each resting on all lines that demand it."""
    simple: tuple[tuple[Duty, str, str, str, dict[str, Any], dict[str, Any]], ...] = (
        (Duty.NEVER_COMMITTED, "no-leak", "No secret stands in a git history", "no-leak", {}, {}),
        (Duty.GITIGNORED, "env-files-ignored", "git ignores .env files", "storage", {"backend": "dotenv"}, {"gitignored": True}),
        (Duty.EXAMPLE_FILE, "env-example", "An example stands beside every .env file", "storage", {"backend": "dotenv"}, {"example-file": True}),
        (Duty.ENCRYPTED, "encrypted-at-rest", "Secrets are encrypted at rest", "encrypted", {"not": {"backend": ["inventory", "dotenv"]}}, {}),
        (Duty.IN_TRANSIT, "encrypted-in-transit", "Secrets are fetched over TLS", "transport", {"not": {"backend": ["inventory", "dotenv"]}}, {}),
        (Duty.ISOLATED, "one-value-an-environment", "No secret serves two environments", "isolation", {}, {}),
        (Duty.EXPIRY, "has-expiry", "Every secret states until when it lives", "expires", {}, {"required": True}),
    )  # fmt: skip
    for duty, name, title, check, select, parameters in simple:
        if found := text.of(duty):
            yield DraftRule(
                id=name, title=title, check=check, places=tuple(demand.place for demand in found), told="demanded",
                select=select, with_=parameters,
            )  # fmt: skip
    yield from _logging(text)
    for demand in text.of(Duty.ACCESS_REVIEW):
        if demand.period and demand.period.scheduled:
            yield DraftRule(
                id="access-reviewed", title=f"Access to secrets is reviewed every {written(demand.period)}", check="access-review",
                places=(demand.place,), told=f"stated as {demand.shown}", select=LIVE, with_={"every": written(demand.period)},
            )  # fmt: skip
    for demand in text.of(Duty.ACTIVITY):
        if demand.period and demand.period.scheduled:
            yield DraftRule(
                id=f"attested-line-{demand.place.line}", title=f"Attested every {written(demand.period)}: {demand.shown}",
                check="attested", places=(demand.place,), told="an activity of people", with_={"every": written(demand.period)},
            )  # fmt: skip


def _logging(text: PolicyText) -> Iterator[DraftRule]:
    logged, retained = text.of(Duty.LOGGED), text.of(Duty.RETENTION)
    if logged or retained:
        period = next(
            (demand.period for demand in retained if demand.period and demand.period.scheduled), None
        )
        yield DraftRule(
            id="access-logged", title="Every access to a secret is logged" + (f" and kept {written(period)}" if period else ""),
            check="audit-logging", places=tuple(demand.place for demand in (*logged, *retained)), told="demanded",
            select={"not": {"backend": ["inventory", "dotenv"]}}, with_={"retention": written(period)} if period else {},
        )  # fmt: skip


def strength(text: PolicyText, targets: Targets) -> Iterator[DraftRule]:
    """One rule a subject: what several lines demand of it together."""
    families: dict[tuple[str, ...], list[Strong]] = {}
    for strong in text.strong:
        families.setdefault(strong.subject, []).append(strong)
    for names, several in families.items():
        for target in [targets.of(name) or by_name(name) for name in names] or [EVERYTHING]:
            yield from _strength(target, several)


def _strength(target: Target, several: Sequence[Strong]) -> Iterator[DraftRule]:
    demands = {
        name: max(one.demands.get(name, 0) for one in several) for one in several for name in one.demands
    }
    keys = {name: max(one.keys.get(name, 0) for one in several) for one in several for name in one.keys}
    prefixes = list(dict.fromkeys(one.prefix for one in several if one.prefix))
    select = {**target.select, **LIVE}
    if demands:
        yield DraftRule(
            id=f"{target.id}-strength", title=f"{target.title}: strong enough", check="strength",
            places=tuple(one.place for one in several if one.demands), told="demanded strength", select=select, with_=demands,
        )  # fmt: skip
    if prefixes:
        yield DraftRule(
            id=f"{target.id}-prefix", title=f"{target.title}: known by a prefix", check="naming",
            places=tuple(one.place for one in several if one.prefix), told="an example of a prefix", select=select,
            with_={"value-prefix": [f"{prefix}*" for prefix in prefixes]},
        )  # fmt: skip
    if keys:
        yield DraftRule(
            id=f"{target.id}-key-strength", title=f"{target.title}: keys long enough", check="key-strength",
            places=tuple(one.place for one in several if one.keys), told="demanded lengths of keys", select={**select, "kind": "key"},
            with_={"minimum": keys},
        )  # fmt: skip
