"""Rotation periods of a policy document: tables, headings with lists, procedures, sentences."""

import re
from collections.abc import Iterator
from itertools import islice

from keyproof.document.facts import Place, Procedure, Schedule, Source, Trigger
from keyproof.document.outline import Form, Heading, Outline, Statement
from keyproof.document.spans import Span, first_span, spans
from keyproof.document.subjects import is_kind, is_variable, means_everything, subjects, topic
from keyproof.domain.duration import Duration, Event, parse_duration
from keyproof.domain.wording import listed
from keyproof.inventory.merge import Merged
from keyproof.inventory.secret import DeclaredSecret

_ROTATES = ("rotat", "renew")
_LABELS = frozenset(
    [
        "frequency",
        "rotation frequency",
        "rotation period",
        "rotation interval",
        "rotation schedule",
        "rotation",
        "rotate",
        "rotation cadence",
        "cadence",
        "maximum age",
        "max age",
    ]
)
_WHEN = re.compile(
    r"when to rotate|rotation (?:triggers?|frequency|schedule|period)|^(?:frequency|schedule)$", re.IGNORECASE
)
_ROTATION_WORDS = re.compile(r"\brotat(?:ion|ions|e|es|ed|ing)\b", re.IGNORECASE)
_PROCESS = frozenset(
    [
        "procedure",
        "procedures",
        "process",
        "checklist",
        "pre",
        "post",
        "rollback",
        "when",
        "to",
        "schedule",
        "schedules",
        "step",
        "steps",
        "overview",
        "automation",
        "automated",
        "script",
        "scripts",
        "verification",
        "emergency",
        "command",
        "commands",
        "guide",
        "policy",
        "tracking",
        "log",
        "frequency",
        "period",
        "for",
        "using",
        "the",
        "of",
        "and",
    ]
)
_NAMELIKE = re.compile(
    r"\b(?:keys?|secrets?|passwords?|credentials?|tokens?|accounts?|webhooks?|certificates?)$", re.IGNORECASE
)
_OTHER_DUTY = re.compile(
    r"review|audit|\blog|report|alert|monitor|\bbefore\b|\bwithin\b|grace|\bold\b|previous|backup|retain|verif",
    re.IGNORECASE,
)
_MODAL = r"(?:(?:must|should|shall|are|is|be|being|to|has|have|need|needs|will|get|gets|all)\s+)*"
_PASSIVE = re.compile(
    rf"(?P<who>[^.;]{{2,80}}?)\s+{_MODAL}(?:rotated?|renewed|changed|replaced)\b\s*(?P<rest>.*)",
    re.IGNORECASE,
)
_ACTIVE = re.compile(
    r"(?:rotate|renew|change|replace)\s+(?P<who>[^.;]{2,80}?)\s*(?:\b(?:every|at least|once)\b.*)?",
    re.IGNORECASE,
)
_FOR = re.compile(r"\s*(?:for|:|-|\N{EN DASH}|\N{EM DASH})\s+(?P<who>.+)", re.IGNORECASE)
_ENVIRONMENT = re.compile(r"\b(?:in|for)\s+(production|prod|staging|development|dev|test)\b", re.IGNORECASE)
_STANDARD = re.compile(
    r"SOC ?2|ISO(?:/IEC)? ?27001|HIPAA|PCI(?:[ -]?DSS)?|GDPR|NIST(?: SP ?800-\d+)?|CIS", re.IGNORECASE
)
_EVENT = re.compile(
    r"(?:immediately|after|upon|on|if|following|when)\b.*?(?P<event>compromis|personnel|staff|leav|incident|breach|suspected)",
    re.IGNORECASE,
)
_PRIORITY = re.compile(
    r"\b(critical|high|medium|low)[ -](?:risk|priority|criticality|impact|severity)", re.IGNORECASE
)
_ENVIRONMENTS = {"prod": "production", "dev": "development"}


def environment_word(word: str) -> str:
    """`prod` and `dev` in full, lower case."""
    return _ENVIRONMENTS.get(word.casefold(), word.casefold())


def standard_of(text: str) -> str:
    """The standard that `text` begins with, or an empty text."""
    found = _STANDARD.match(text.strip())
    return found[0] if found else ""


def from_tables(outline: Outline, merged: Merged) -> Iterator[Schedule]:
    """Periods of table rows: one a declared secret, and rows about kinds or about everything."""
    for secret in merged.secrets:
        yield from _of_secret(outline, secret)
    for apart in merged.apart:
        if apart.row.period is not None:
            yield Schedule(
                place=Place(path=outline.path, line=apart.row.line),
                title=apart.row.name,
                names=(apart.row.name,),
                period=apart.row.period,
                source=Source.TABLE,
                shown=apart.row.period.text,
            )
    for table in outline.tables.tables:
        for row in table.rows:
            if row.cells and means_everything(row.cells[0]):
                for cell in row.cells[1:]:
                    if (period := _period(cell)) is not None:
                        yield Schedule(
                            place=Place(path=outline.path, line=row.line), title="All secrets",
                            names=("All secrets",), period=period, source=Source.TABLE, shown=cell, everything=True,
                        )  # fmt: skip
                        break


def _of_secret(outline: Outline, secret: DeclaredSecret) -> Iterator[Schedule]:
    stated = [row for row in secret.rows if row.period is not None]
    first: Schedule | None = None
    for row in stated:
        assert row.period is not None
        names = tuple(dict.fromkeys([secret.lead.name, *(known.name for known in secret.rows)]))
        found = Schedule(
            place=Place(path=outline.path, line=row.line),
            title=row.name if first is None else first.title,
            names=names if first is None else (row.name,),
            period=row.period,
            source=Source.TABLE,
            shown=row.period.text,
            priority=secret.text("priority"),
        )
        first = first or found
        yield found


def _period(text: str) -> Duration | None:
    try:
        return parse_duration(text)
    except ValueError:
        span = first_span(text)
        return (
            span.duration
            if span and re.match(r"(?:every|at least|max)?\s*$", text[: span.start], re.IGNORECASE)
            else None
        )


def from_text(outline: Outline) -> Iterator[Schedule]:
    """Periods of headings with lists, of procedures and of sentences."""
    for index, statement in enumerate(outline.statements):
        if statement.form is Form.CODE:
            continue
        found = list(_group(outline, index))
        for read in (_labelled, _under_when, _sentence):
            found = found or list(read(outline, statement))
        yield from found


def _rotates(text: str) -> bool:
    return any(word in text.casefold() for word in _ROTATES)


def _group(outline: Outline, index: int) -> Iterator[Schedule]:
    """A heading or a line with a period, and a list of names below it."""
    statement = outline.statements[index]
    head = statement.form is Form.HEADING
    told = _rotates(statement.text) and (head or statement.text.endswith(":"))
    if not told and not (head and _rotates(statement.heading)):
        return
    span = first_span(statement.text)
    if span is None or _OTHER_DUTY.search(statement.text):
        return
    items = list(_items_below(outline, index))
    places = {
        name: Place(path=outline.path, line=item.line)
        for item in items
        for name in subjects(item.label or item.text)
        if first_span(item.text) is None
    }
    if places:
        title = re.sub(r"\([^()]*\)", " ", statement.text)
        if title == statement.text:
            title = _ROTATION_WORDS.sub(" ", statement.text) if head else listed(list(places))
        priority = _PRIORITY.search(statement.text)
        yield Schedule(
            place=Place(path=outline.path, line=statement.line),
            title=" ".join(title.split()).rstrip(":"),
            names=tuple(places),
            period=span.duration,
            source=Source.GROUP,
            shown=span.shown,
            priority=priority[1].casefold() if priority else "",
            places=places,
        )


def _items_below(outline: Outline, index: int) -> Iterator[Statement]:
    """The entries of the lists of a heading, or of the one list after a line that ends with a colon."""
    statement = outline.statements[index]
    head = statement.form is Form.HEADING
    for item in islice(outline.statements, index + 1, None):
        if item.form is Form.HEADING or (not head and item.form is Form.TEXT):
            return
        if item.form is Form.ITEM and not item.task and (head or item.intro == statement.text):
            yield item


def _labelled(outline: Outline, statement: Statement) -> Iterator[Schedule]:
    """`Frequency: 90 days` in a procedure; `180 days (JWT), 365 days (Encryption)` for several secrets."""
    if statement.label not in _LABELS:
        return
    named = list(heading_subjects(statement, nearest=True))
    found = spans(statement.value)
    for index, span in enumerate(found):
        end = found[index + 1].start if index + 1 < len(found) else len(statement.value)
        told = re.match(r"\s*\(([^()]+)\)", statement.value[span.end : end])
        names = tuple(subjects(told[1])) if told and len(found) > 1 else tuple(named)
        if names:
            yield _schedule(outline, statement, names, span, Source.PROCEDURE)
    if not found and named and (period := _period(statement.value)) is not None:
        yield Schedule(
            place=Place(path=outline.path, line=statement.line), title=" and ".join(named), names=tuple(named),
            period=period, source=Source.PROCEDURE, shown=statement.value,
        )  # fmt: skip


def _under_when(outline: Outline, statement: Statement) -> Iterator[Schedule]:
    """`Every 90 days in production` below `When to Rotate` of a procedure."""
    span = first_span(statement.text)
    if statement.form is Form.HEADING or span is None or not _WHEN.search(statement.heading):
        return
    names = tuple(heading_subjects(statement))
    if names and re.fullmatch(r"(?:every|at least|once)?\s*", statement.text[: span.start], re.IGNORECASE):
        yield _schedule(outline, statement, names, span, Source.PROCEDURE)


def _sentence(outline: Outline, statement: Statement) -> Iterator[Schedule]:
    """`Quarterly for API keys`, `Encryption keys are rotated annually`, `API keys: every 90 days`."""
    standard = standard_of(statement.text)
    text = statement.value if standard and statement.label else statement.text
    span = first_span(text)
    if span is None or statement.form is Form.HEADING or statement.task:
        return
    for who, at in _who(statement, text, span):
        names = subjects(who)
        if names and not _OTHER_DUTY.search(text[: span.end]) and len(who.split()) <= 12:
            source = Source.CLAIM if standard else Source.LIST
            yield _schedule(outline, statement, names, at, source, standard=standard)
            return


def _who(statement: Statement, text: str, span: Span) -> Iterator[tuple[str, Span]]:
    before = text[: span.start]
    about = statement.below(*_ROTATES)
    if (
        (found := _FOR.match(text[span.end :]))
        and about
        and re.fullmatch(r"(?:every\s*)?", before, re.IGNORECASE)
    ):
        yield found["who"], span
    if found := _ACTIVE.fullmatch(before.strip()):
        yield found["who"], span
    if (found := _PASSIVE.match(text)) and found.end("who") <= span.start:
        yield found["who"], span
    near = _rotates(f"{statement.heading} {statement.intro}") or "schedule" in statement.heading.casefold()
    told = re.fullmatch(
        r"(?P<who>[^:]{2,60}?)\s*(?::|-|\N{EN DASH}|\N{EM DASH})\s*(?:rotated?\s+)?(?:every\s*)?",
        before,
        re.IGNORECASE,
    )
    if told and near and not span.duration.by_clock:
        yield told["who"], span


def _schedule(
    outline: Outline,
    statement: Statement,
    names: tuple[str, ...],
    span: Span,
    source: Source,
    *,
    standard: str = "",
) -> Schedule:
    everything = any(means_everything(name) for name in names)
    environment = _ENVIRONMENT.search(statement.text[span.start :])
    return Schedule(
        place=Place(path=outline.path, line=statement.line),
        title="All secrets" if everything else " and ".join(names),
        names=names,
        period=span.duration,
        source=source,
        shown=span.shown,
        environment=environment_word(environment[1]) if environment else "",
        standard=standard,
        everything=everything,
    )


def heading_subjects(statement: Statement, *, nearest: bool = False) -> tuple[str, ...]:
    """The secrets whose rotation the nearest telling heading above `statement` is about."""
    above: list[Heading] = [heading for heading in reversed(statement.headings) if heading.level > 1]
    for heading in above:
        if names := rotation_subjects(
            heading.text, any(_rotates(other.text) for other in statement.headings)
        ):
            return names
    return subjects(above[0].text) if nearest and above and not _rotates(above[0].text) else ()


def rotation_subjects(title: str, below_rotation: bool) -> tuple[str, ...]:
    """The secrets that a heading such as `JWT Secret & Encryption Keys Rotation` names; none for `Procedure`."""
    if not (_rotates(title) or below_rotation) or _WHEN.search(title):
        return ()
    plain = _ROTATION_WORDS.sub(" ", title)
    main = " ".join(
        word for word in re.sub(r"\([^()]*\)", " ", plain).split() if word.casefold() not in _PROCESS
    )
    if not (_NAMELIKE.search(main) or is_variable(main)) or not topic(main):
        return ()
    brackets = " ".join(re.findall(r"\([^()]*\)", plain))
    outside = re.sub(r"\([^()]*\)", " ", plain).split()
    wording = " ".join(word for word in outside if word.casefold() not in _PROCESS - {"and"})
    return subjects(f"{wording} {brackets}")


def procedures(outline: Outline) -> Iterator[Procedure]:
    """Headings that name the secret whose rotation is told below them."""
    for statement in outline.statements:
        if statement.form is Form.HEADING and statement.headings:
            below = any(_rotates(heading.text) for heading in statement.headings if heading.level > 1)
            names = rotation_subjects(statement.text, below)
            if names and not first_span(statement.text):
                yield Procedure(place=Place(path=outline.path, line=statement.line), names=names)


def triggers(outline: Outline) -> Iterator[Trigger]:
    """Events that force a rotation."""
    for statement in outline.statements:
        if statement.form not in {Form.ITEM, Form.TEXT} or first_span(statement.text):
            continue
        told = _WHEN.search(statement.heading) or _rotates(statement.intro) or _rotates(statement.text)
        found = _EVENT.search(statement.text)
        compromised = re.match(r"compromised\b.*\bmust\b", statement.text, re.IGNORECASE)
        if told and (found or compromised) and len(statement.text) <= 120:
            names = heading_subjects(statement)
            event = found["event"].casefold() if found else "compromis"
            yield Trigger(
                place=Place(path=outline.path, line=statement.line),
                subject=" and ".join(names) or "all secrets",
                event=_event(event),
            )


def _event(word: str) -> str:
    if word in {"personnel", "staff", "leav"}:
        return Event.PERSONNEL_CHANGE
    return Event.INCIDENT if word in {"incident", "breach"} else Event.COMPROMISE


def members(kind: str, found: tuple[Procedure, ...]) -> Iterator[tuple[str, Place]]:
    """The secrets of kind `kind` whose procedures the document tells: database passwords for `passwords`."""
    for procedure in found:
        stated = [name for name in procedure.names if is_kind(name)]
        if any(topic(name) == topic(kind) for name in stated):
            yield from ((name, procedure.place) for name in procedure.names if not is_kind(name))
        else:
            ends = [name for name in procedure.names if topic(name.split()[-1]) == topic(kind)]
            yield from ((name, procedure.place) for name in ends)
