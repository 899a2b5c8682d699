"""What a policy document says of itself, of alerts, graces, incidents, logs and reviews."""

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from keyproof.document.facts import About, Demand, Duty, Grace, Place, Rung, Step
from keyproof.document.outline import Form, Outline, Statement
from keyproof.document.schedule import heading_subjects
from keyproof.document.spans import Span, first_span, spans
from keyproof.document.subjects import subjects, topic
from keyproof.domain.duration import Duration, parse_duration
from keyproof.inventory.words import parse_day

_ABOUT = {
    "last updated": "updated", "updated": "updated", "last reviewed": "updated", "reviewed": "updated",
    "last review": "updated", "effective date": "updated", "date": "updated", "last modified": "updated",
    "owner": "owner", "document owner": "owner", "policy owner": "owner", "owned by": "owner",
    "version": "version", "document version": "version",
    "review schedule": "review", "review frequency": "review", "review cycle": "review", "review period": "review",
    "review": "review", "reviewed every": "review", "review cadence": "review",
    "approver": "approver", "approved by": "approver", "approvers": "approver",
    "approval required": "approvals", "approvals required": "approvals", "required approval": "approvals",
}  # fmt: skip
_DUTIES: tuple[tuple[Duty, re.Pattern[str]], ...] = (
    (Duty.NEVER_COMMITTED, re.compile(
        r"never (?:be )?commit|not (?:be )?commit|^commit secrets|committed secrets|secret commits|hard-?cod|"
        r"no secrets? in (?:code|version|source|git|config)|(?:in|to) (?:git|version control|source control)\b", re.IGNORECASE)),
    (Duty.GITIGNORED, re.compile(r"gitignore", re.IGNORECASE)),
    (Duty.EXAMPLE_FILE, re.compile(r"\.env\.(?:example|template|sample)", re.IGNORECASE)),
    (Duty.ENCRYPTED, re.compile(r"encrypt\w* (?:\w+ )?at rest", re.IGNORECASE)),
    (Duty.IN_TRANSIT, re.compile(r"encrypt\w* (?:\w+ )?in transit|\bover TLS\b", re.IGNORECASE)),
    (Duty.ISOLATED, re.compile(
        r"different secrets? (?:per|for|in)\b|unique (?:per|in each|for each) environment|"
        r"same secrets? (?:across|in|for) (?:\w+ )?environments?", re.IGNORECASE)),
    (Duty.LOGGED, re.compile(
        r"(?:secret access|access to (?:\w+ )?secrets?|all access)\b.{0,30}\blog(?:s|ged)?\b|\blog(?:s|ged)?\b (?:all )?secret access|"
        r"\blogged access", re.IGNORECASE)),
    (Duty.EXPIRY, re.compile(r"(?:must|shall|should|have to|needs? to) (?:have|carry|state) an? expir", re.IGNORECASE)),
    (Duty.INVENTORY, re.compile(r"(?:maintain|keep) (?:an? |the )?(?:\w+ )?inventory", re.IGNORECASE)),
    (Duty.NOT_LOGGED, re.compile(
        r"\bnot (?:the )?values\b|(?:never|not|don.?t) log\b|^log (?:the )?secret values|\bno secrets? in logs", re.IGNORECASE)),
    (Duty.FAIL_FAST, re.compile(r"\bfail[- ]fast\b|(?:refuse|fail)s? to start\b", re.IGNORECASE)),
    (Duty.LEAST_PRIVILEGE, re.compile(r"\bleast[- ]privilege", re.IGNORECASE)),
    (Duty.MESSAGE_ONLY, re.compile(r"(?:google|gcp) (?:cloud )?secret manager(?:'s)? (?:automatic|auto[- ]?)\s?rotation|"
        r"automatic rotation (?:of|in|by|with) (?:google|gcp)", re.IGNORECASE)),
    (Duty.CONTACTS, re.compile(r"contact\w*\b.*\b(?:current|up[- ]to[- ]date)", re.IGNORECASE)),
)  # fmt: skip
_RETAIN = re.compile(
    r"\blogs?\b.*\b(?:retain|retention|kept|keep)|\b(?:retain|retention|keep)\b.*\blogs?\b", re.IGNORECASE
)
_ACCESS_REVIEW = re.compile(r"access reviews?|reviews? of access|\baccess\b.*\breviewed", re.IGNORECASE)
_ACTIVITY = re.compile(
    r"\b(?:reports?|audits?|penetration|pen[- ]?tests?|training|drills?|exercises?|restore|run)\b",
    re.IGNORECASE,
)
_ROTATES = re.compile(r"rotat|renew", re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"\[(?:contact|link|name|e-?mail|phone|insert|your|tbd|todo)[^\]]*\]|\bTBD\b|<(?:contact|name|e-?mail|phone)[^>]*>",
    re.IGNORECASE,
)
_THRESHOLD = re.compile(r"--(?:threshold|max-age|older-than|max-days|age)[ =](\d{1,4})d?(?!\w)")
_COMMENTS = ("#", "--", "//")
_OLD = re.compile(r"\bold\b|previous|former|retired", re.IGNORECASE)
_ENDS = re.compile(
    r"revok|remov|disabl|delet|deactivat|retir|\bdrop|expire|invalidat|\bends?\b", re.IGNORECASE
)
_DELETES = re.compile(r"\bdelet", re.IGNORECASE)
_STEP_NUMBER = re.compile(r"(?:#|--|//)\s*\d+[.)]")
_BEFORE = re.compile(r"\b(?:before|prior to|ahead of|until)\b", re.IGNORECASE)
_DAY_OF = re.compile(r"\b(?:day of|on the day|on) (?:the )?(?:expir|due|rotation)", re.IGNORECASE)
_SLASHED = re.compile(r"(?<!\d)(\d{1,4}(?:\s*[/,]\s*\d{1,4})+)\s*days?", re.IGNORECASE)
_ALERTS = ("alert", "expir", "notif", "remind", "warning", "deadline")
_RUNG_WORD = re.compile(
    r"\b(warning|critical|emergency|notice|reminder|info|urgent|final|high|medium|low)\b", re.IGNORECASE
)
_INCIDENT = ("compromis", "emergency", "incident", "breach", "leak")
_LIMIT = re.compile(r"<|\N{LESS-THAN OR EQUAL TO}|\bwithin\b|\bunder\b|less than|\bin\b", re.IGNORECASE)
_REPLACES = re.compile(r"immediate|contain|rotat|revok|replac", re.IGNORECASE)
_COMPROMISED = re.compile(
    r"(?:compromised|leaked|exposed)\b.*\b(?:rotated|revoked|replaced)\b.*\bwithin\b", re.IGNORECASE
)


def about(outline: Outline) -> About:
    """Title, owner, dates and review of the document itself; of two statements the first counts."""
    told: dict[str, Statement] = {}
    for statement in outline.statements:
        field = _ABOUT.get(statement.label)
        if field and statement.form is not Form.CODE and statement.value and _fits(field, statement.value):
            told.setdefault(field, statement)
    value = {field: statement.value for field, statement in told.items()}
    review = first_span(value["review"]) if "review" in value else None
    return About(
        title=outline.title,
        owner=value.get("owner", "")[:80],
        version=value.get("version", "")[:20],
        updated=_day(value["updated"]) if "updated" in value else None,
        review=review.duration if review else None,
        approver=value.get("approver", "")[:80],
        approvals=len(subjects(value.get("approvals", ""))),
        places={field: Place(path=outline.path, line=statement.line) for field, statement in told.items()},
    )


def _fits(field: str, value: str) -> bool:
    if field == "updated":
        return _day(value) is not None
    return first_span(value) is not None if field == "review" else True


def _day(text: str) -> date | None:
    try:
        return parse_day(text.strip())
    except ValueError:
        return None


def demands(outline: Outline) -> Iterator[Demand]:
    """Requirements without an object of their own."""
    for statement in outline.statements:
        place = Place(path=outline.path, line=statement.line)
        if statement.form is Form.CODE:
            if (found := _THRESHOLD.search(statement.text)) and int(found[1]):
                period = parse_duration(f"{int(found[1])}d")
                yield Demand(place=place, duty=Duty.THRESHOLD, period=period, shown=found[0])
            continue
        for duty, pattern in _DUTIES:
            wanted = duty is Duty.NEVER_COMMITTED or statement.form is not Form.HEADING
            if wanted and pattern.search(statement.text):
                yield Demand(place=place, duty=duty, shown=statement.text)
        if statement.form is not Form.HEADING:
            yield from _timed(statement, place)


def _timed(statement: Statement, place: Place) -> Iterator[Demand]:
    span = first_span(statement.text)
    if span and _RETAIN.search(statement.text):
        yield Demand(place=place, duty=Duty.RETENTION, period=span.duration, shown=span.shown)
    if span and _ACCESS_REVIEW.search(statement.text):
        yield Demand(place=place, duty=Duty.ACCESS_REVIEW, period=span.duration, shown=span.shown)
    if span and _ACTIVITY.search(statement.text) and _repeats(statement.text, span):
        titled = f"{statement.heading}: {statement.text}" if statement.text.endswith(":") else statement.text
        yield Demand(place=place, duty=Duty.ACTIVITY, period=span.duration, shown=titled[:80].rstrip(":"))
    empty = _PLACEHOLDER.search(statement.text)
    if empty and (statement.below("contact") or "contact" in empty[0].casefold()):
        yield Demand(place=place, duty=Duty.PLACEHOLDER, shown=empty[0])


def graces(outline: Outline) -> Iterator[Grace]:
    """How long old credentials may live; of several steps of one procedure the first that ends their use."""
    ended: set[tuple[int, ...]] = set()
    for index, statement in enumerate(outline.statements):
        text = statement.text
        if statement.form is Form.CODE:
            if not text.startswith(_COMMENTS):
                continue
            text += _continued(outline.statements, index)
        span = first_span(text)
        waits = "grace" in text.casefold()
        if span is None or not (waits or (_OLD.search(text) and _ENDS.search(text))):
            continue
        section = tuple(heading.line for heading in statement.headings)
        yield Grace(
            place=Place(path=outline.path, line=statement.line),
            subject=_meant(heading_subjects(statement), text),
            period=span.duration,
            shown=span.shown,
            final=section in ended and bool(_DELETES.search(text)),
        )
        ended.add(section)


def _repeats(text: str, span: Span) -> bool:
    """Whether `span` is how often an activity is done, not how far back it looks or how long a record is kept."""
    told = not span.shown[0].isdigit() or re.search(r"\bevery\s*$", text[: span.start], re.IGNORECASE)
    other = _ACCESS_REVIEW.search(text) or _RETAIN.search(text) or _ROTATES.search(text)
    return bool(told and not other) and not span.duration.by_clock


def _meant(names: tuple[str, ...], text: str) -> tuple[str, ...]:
    """Those of the procedure's secrets that the step itself names, or all when it names none."""
    told = tuple(name for name in names if topic(name) and topic(name) in text.casefold())
    return told or names


def _continued(statements: Sequence[Statement], index: int) -> str:
    """The next comment, where it goes on with this step."""
    after = statements[index + 1] if index + 1 < len(statements) else None
    if after is None or after.form is not Form.CODE or after.line != statements[index].line + 1:
        return ""
    comment = after.text.startswith(_COMMENTS) and not _STEP_NUMBER.match(after.text)
    return " " + after.text if comment else ""


def rungs(outline: Outline) -> Iterator[Rung]:
    """The steps of alert ladders."""
    for statement in outline.statements:
        if statement.form not in {Form.ITEM, Form.TEXT}:
            continue
        text, place = statement.text, Place(path=outline.path, line=statement.line)
        if not (statement.below(*_ALERTS) or any(word in text.casefold() for word in _ALERTS)):
            continue
        word = _RUNG_WORD.search(statement.value) if statement.label else _RUNG_WORD.search(text)
        told = word[1].casefold() if word else ""
        if listed := _SLASHED.search(text):
            for number in re.findall(r"\d+", listed[1]):
                if int(number):
                    yield Rung(place=place, lead=parse_duration(f"{int(number)}d"), word="")
        elif _DAY_OF.search(text) and told:
            yield Rung(place=place, lead=Duration(text="0d"), word=told)
        elif (span := first_span(text)) and _BEFORE.search(text) and span.duration.span >= timedelta(days=1):
            yield Rung(place=place, lead=span.duration, word=told)


def steps(outline: Outline) -> Iterator[Step]:
    """What has to happen after a compromise, and within which time."""
    for statement in outline.statements:
        if statement.form is Form.CODE:
            continue
        text = statement.text
        sentence = _COMPROMISED.search(text)
        if not (statement.below(*_INCIDENT) or sentence):
            continue
        found = [span for span in spans(text) if _LIMIT.search(text[max(0, span.start - 12) : span.start])]
        if found:
            title = re.sub(r"\([^()]*\)", " ", text)
            yield Step(
                place=Place(path=outline.path, line=statement.line),
                title=" ".join(title.split())[:80],
                within=found[0].duration,
                replaces=bool(sentence or _REPLACES.search(title)),
            )
