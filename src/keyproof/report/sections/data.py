"""The whole population and every finding as one compact JSON object, for the page's own script."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from keyproof.domain.assessment import Assessment
from keyproof.domain.finding import Finding
from keyproof.domain.secret import SourceLine
from keyproof.report.html_words import NOUNS, WORDS
from keyproof.report.overview import State
from keyproof.report.sections.acceptances import Accepting, Kept
from keyproof.report.sections.age import rungs, value_day
from keyproof.report.sections.calendar import lane_of
from keyproof.report.sections.exceptions import Group
from keyproof.report.sections.population import Member
from keyproof.report.sections.rows import Row, Rows, anchor
from keyproof.report.visible import visible

_STATES = tuple(State)
_NOT_ENCODED = (
    "!'()*"  # beside letters, digits and `-._~`: what the script's encodeURIComponent leaves as it is
)
_OF_SUBJECT = (
    "anchor", "name", "id", "class", "plain", "lane", "environment", "owner", "source", "from", "number", "day", "value",
)  # fmt: skip
_OF_FINDING = ("id", "subject", "rule", "state", "grade", "reason", "due", "facts", "places", "alerts")


class _Texts:
    """Every text once; the columns hold its number."""

    def __init__(self) -> None:
        self.items: list[str] = []
        self._known: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = len(self.items)
            self.items.append(visible(text))
        return found


class _Lists:
    """The same for short lists."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], int] = {}

    def __call__(self, items: tuple[Any, ...]) -> int:
        return self._known.setdefault(items, len(self._known))

    @property
    def items(self) -> list[tuple[Any, ...]]:
        return list(self._known)


def data(
    assessment: Assessment,
    rows: Rows,
    members: Sequence[Member],
    groups: Sequence[Group],
    unjudged: Iterable[Row],
    papers: tuple[Iterable[Accepting], Iterable[Kept]],
) -> Markup:
    """The object as text that can stand inside a `script` element.

    Columns side by side, with numbers for texts: days count from `today`, ids are cut where they end with
    the name. The findings come first, so that the texts they share have the small numbers. It is not
    compressed: zlib's output differs between its versions, and the same assessment is to give the same bytes.
    """
    texts, today = _Texts(), assessment.today
    ordered = sorted(rows.all, key=lambda row: row.finding.subject)
    place = {id(row): number for number, row in enumerate(ordered)}
    whole = {
        "today": str(today),
        "states": [[state.value, WORDS[state], *NOUNS[state]] for state in _STATES],
        "findings": _findings(ordered, members, texts, today),
        "subjects": _subjects(members, ordered, texts, today),
        "groups": [[place[id(row)] for row in group.rows] for group in groups],
        "unjudged": [place[id(row)] for row in unjudged],
        "waivers": _waivers(papers[0]),
        "baseline": _baseline(papers[1]),
        "texts": texts.items,
    }
    return Markup(_safe(json.dumps(whole, ensure_ascii=False, separators=(",", ":"))))  # noqa: S704 (made safe)


def _safe(text: str) -> str:
    """JSON without a character that HTML reads: no name can end the element it stands in."""
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _subjects(
    members: Sequence[Member], ordered: Sequence[Row], texts: _Texts, today: date
) -> Mapping[str, Any]:
    spans: dict[str, list[int]] = {}
    for number, row in enumerate(ordered):
        spans.setdefault(row.finding.subject, [number, 0])[1] += 1
    columns: dict[str, list[Any]] = {name: [] for name in _OF_SUBJECT}
    unread = {}
    for number, member in enumerate(members):
        subject = member.record.subject
        start, length = spans.get(subject.id, [0, 0])
        columns["anchor"].append(member.anchor)
        columns["name"].append(texts(subject.name))
        columns["id"].append(_identifier(subject.id, subject.name, texts))
        columns["class"].append(texts(member.record.secret_class or member.kind_word))
        columns["plain"].append(texts(member.record.secret_class))
        columns["lane"].append(texts(lane_of(member.record)))
        columns["environment"].append(texts(subject.environment))
        columns["owner"].append(texts(subject.owner))
        columns["source"].append(texts(subject.source))
        columns["from"].append(start)
        columns["number"].append(length)
        value = member.value
        columns["day"].append((value.at.date() - today).days if value else None)
        columns["value"].append(
            texts(f"{value.at.astimezone(UTC):%H:%M} UTC, by {value.basis} ({value.confidence})")
            if value
            else 0
        )
        if member.unread:
            unread[number] = [[visible(name), visible(why)] for name, why in member.unread.items()]
    return {**columns, "unread": unread}


def _identifier(identifier: str, name: str, texts: _Texts) -> int:
    """Thrice the number of the text, and more where the name is still to follow: as it is (1) or encoded (2)."""
    if name and visible(name) == name:
        for ending, more in (name, 1), (quote(name, safe=_NOT_ENCODED), 2):
            if identifier.endswith(ending):
                return 3 * texts(identifier[: -len(ending)]) + more
    return 3 * texts(identifier)


def _findings(
    ordered: Sequence[Row], members: Sequence[Member], texts: _Texts, today: date
) -> Mapping[str, Any]:
    heads: dict[tuple[Any, ...], int] = {}
    grades, facts, places, ladders = _Lists(), _Lists(), _Lists(), _Lists()
    of_member = {member.record.subject.id: number for number, member in enumerate(members) if member.first}
    columns: dict[str, list[Any]] = {name: [] for name in _OF_FINDING}
    more = {}
    for number, row in enumerate(ordered):
        finding = row.finding
        columns["id"].append(row.anchor)
        known = of_member.get(finding.subject)
        columns["subject"].append(-1 - texts(finding.subject) if known is None else known)
        columns["rule"].append(heads.setdefault(_head(finding), len(heads)))
        columns["state"].append(row.state.rank)
        columns["grade"].append(grades((finding.severity.value, visible(finding.severity_reason))))
        columns["reason"].append(texts(finding.reason))
        columns["due"].append((finding.due - today).days if finding.due else None)
        columns["facts"].append(facts(_pairs(texts, ((fact.name, fact.value) for fact in finding.evidence))))
        columns["places"].append(places(_pairs(texts, map(_place, finding.locations))))
        start = value_day(finding, row.record)
        columns["alerts"].append(
            ladders(rungs(row.ladder, finding.due - start)) if start and finding.due else -1
        )
        if extra := _extra(finding):
            more[number] = extra
    return {
        **columns,
        "more": more,
        "rules": [_rule(head) for head in heads],
        "grades": grades.items,
        "fact_lists": facts.items,
        "place_lists": places.items,
        "ladders": ladders.items,
    }


def _pairs(texts: _Texts, pairs: Iterable[tuple[str, str]]) -> tuple[int, ...]:
    return tuple(texts(part) for pair in pairs for part in pair)


def _head(finding: Finding) -> tuple[Any, ...]:
    return (finding.pack, finding.rule, finding.rule_title, finding.controls)


def _rule(head: tuple[Any, ...]) -> list[Any]:
    pack, rule, title, controls = head
    return [visible(pack), visible(rule), visible(title), anchor(pack, rule), [visible(edge.id) for edge in controls]]  # fmt: skip


def _extra(finding: Finding) -> Mapping[str, Any]:
    """What few findings have."""
    late = finding.days_overdue
    found = {
        "late": late or None,
        "waiver": visible(finding.waiver or ""),
        "baseline": visible(finding.baseline or ""),
    }
    return {name: value for name, value in found.items() if value}


def _place(spot: SourceLine) -> tuple[str, str]:
    return f"{spot.path}:{spot.line}", spot.commit[:12] if spot.commit else ""


def _waivers(papers: Iterable[Accepting]) -> Mapping[str, Any]:
    found = {}
    for waiver in (paper.record.waiver for paper in papers):
        words = (str(waiver.until), waiver.reason, ", ".join(waiver.approved_by), waiver.ticket or "")
        found[visible(waiver.id)] = [visible(word) for word in words]
    return found


def _baseline(papers: Iterable[Kept]) -> Mapping[str, Any]:
    return {
        visible(entry.id): [str(entry.until), visible(entry.reason), visible(entry.owner)]
        for entry in (paper.entry for paper in papers)
    }
