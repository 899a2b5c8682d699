"""The classes of secrets that the schedules of a document make, each with the period that governs it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from keyproof.document.facts import Named, Place, PolicyText, Schedule, Source
from keyproof.document.schedule import members
from keyproof.document.spans import same, written
from keyproof.document.subjects import globs, is_kind, is_variable, slug, topic
from keyproof.inventory.names import exact, loose

_RESERVED = "unclassified"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """A listed secret and the entries of the schedule that fit it."""

    named: Named
    entries: tuple[tuple[Schedule, str], ...]
    """Schedule and the name in it that fits."""

    @property
    def contradicts(self) -> bool:
        """Whether two entries fit it with different periods."""
        return any(not same(one.period, two.period) for (one, _), (two, _) in pairwise(self.entries))


@dataclass(slots=True, kw_only=True, eq=False)
class DocumentClass:
    """Secrets that rotate together."""

    id: str
    title: str
    names: list[str]
    schedules: list[Schedule]
    """The first governs; the others say the same or contradict it."""
    priority: str = ""
    patterns: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    """Names that another class fits with another period."""

    @property
    def topics(self) -> frozenset[str]:
        """What its names are about."""
        return frozenset(topic(name) for name in self.names) - {""}

    @property
    def general(self) -> bool:
        """Whether it means a kind of secret, so that certain secrets go before it."""
        return any(is_kind(name) for name in self.names)


def scheduled(text: PolicyText) -> tuple[Schedule, ...]:
    """The schedules a document sets itself, without what it says standards demand."""
    return tuple(
        schedule
        for schedule in text.schedules
        if schedule.source is not Source.CLAIM and not schedule.everything
    )


def placements(text: PolicyText) -> tuple[Placement, ...]:
    """Every listed secret with the entries that fit it: those of its name, else the kinds it is of."""
    known = _Known(text)
    named = {named.name: named for named in reversed(text.named)}
    return tuple(Placement(named=one, entries=known.entries(one)) for one in reversed(named.values()))


class _Known:
    """The entries of a document's schedules, found by name."""

    def __init__(self, text: PolicyText) -> None:
        self._by_name: dict[str, dict[str, tuple[Schedule, str]]] = {}
        self._kinds: list[tuple[frozenset[str], tuple[Schedule, str]]] = []
        seen: set[tuple[str, str]] = set()
        for schedule in scheduled(text):
            for name in schedule.names:
                said = (exact(name), written(schedule.period))
                if said not in seen:
                    seen.add(said)
                    self._by_name.setdefault(said[0], {})[said[1]] = (schedule, name)
                    if not is_variable(name):
                        self._kinds.append((loose(name), (schedule, name)))
        self._general = tuple(
            (schedule, "all secrets")
            for schedule in text.schedules
            if schedule.everything and schedule.period.scheduled
        )

    def entries(self, named: Named) -> tuple[tuple[Schedule, str], ...]:
        """What fits `named`: its own name, else the kinds all words of which are said of it, else everything."""
        if own := self._by_name.get(exact(named.name)):
            return tuple(own.values())
        words = loose(named.name) | loose(named.context)
        return tuple(entry for kind, entry in self._kinds if kind and kind <= words) or self._general


def classes(text: PolicyText) -> tuple[DocumentClass, ...]:
    """The classes of a document, in the order in which they must be matched."""
    work = _Classes()
    placed = placements(text)
    apart = {exact(placement.named.name) for placement in placed if placement.contradicts}
    for schedule in scheduled(text):
        if schedule.source is Source.GROUP:
            names = [name for name in schedule.names if exact(name) not in apart]
            work.add(schedule, names, schedule.title)
        elif schedule.source is Source.TABLE:
            work.join(schedule, list(schedule.names), schedule.title)
        else:
            for name in schedule.names:
                work.join(schedule, [name], name)
    found = work.made
    for one in found:
        one.patterns = list(dict.fromkeys(_patterns(text, one, found, placed)))
        one.left_out = [
            p.named.name for p in placed if p.contradicts and any(s is one.schedules[0] for s, _ in p.entries)
        ]
    _name(found)
    return tuple(sorted((one for one in found if one.patterns), key=_rank))


class _Classes:
    """Classes being made, found again by what they are about."""

    def __init__(self) -> None:
        self.made: list[DocumentClass] = []
        self._by_word: dict[str, list[DocumentClass]] = {}

    def add(self, schedule: Schedule, names: list[str], title: str) -> None:
        """Make a class of its own."""
        one = DocumentClass(id="", title=title, names=names, schedules=[schedule], priority=schedule.priority)
        self.made.append(one)
        self._remember(one, names)

    def join(self, schedule: Schedule, names: list[str], title: str) -> None:
        """Add to the class of the same topic or name, or make one."""
        for one in dict.fromkeys(one for word in _words(names) for one in self._by_word.get(word, ())):
            own = one.schedules[0]
            apart = schedule.environment != own.environment and schedule.environment and own.environment
            if own.source is not Source.GROUP and not apart:
                one.names += [name for name in names if name not in one.names]
                one.schedules.append(schedule)
                self._remember(one, names)
                return
        self.add(schedule, names, title)

    def _remember(self, one: DocumentClass, names: list[str]) -> None:
        for word in _words(names):
            known = self._by_word.setdefault(word, [])
            if one not in known:
                known.append(one)


def _words(names: Sequence[str]) -> list[str]:
    topics = [topic(name) for name in names]
    return [word for word in dict.fromkeys([*topics, *names]) if word]


def _patterns(
    text: PolicyText, one: DocumentClass, found: Sequence[DocumentClass], placed: Sequence[Placement]
) -> Iterator[str]:
    for name in one.names:
        yield from globs(name)
    for placement in placed:
        if not placement.contradicts and any(
            schedule is one.schedules[0] for schedule, _ in placement.entries
        ):
            yield from globs(placement.named.name)
    for kind in filter(is_kind, one.names):
        others = {name for other in found if other is not one for name in other.topics}
        for name, _ in members(kind, text.procedures):
            if topic(name) not in others:
                yield from globs(name)


def _rank(one: DocumentClass) -> tuple[bool, bool, int]:
    words = max((len(name.split("-")) for name in one.topics), default=0)
    return one.general, not all(map(is_variable, one.names)), -words


def _name(found: Sequence[DocumentClass]) -> None:
    taken = {_RESERVED}
    for one in found:
        wanted = slug(one.title, otherwise=f"line-{one.schedules[0].place.line}")
        name, number = wanted, 2
        while name in taken:
            name, number = f"{wanted}-{number}", number + 1
        taken.add(name)
        one.id = name


def period_by_topic(text: PolicyText) -> dict[str, tuple[Schedule, Place]]:
    """Topic → the schedule that governs it in this document, and the line that says so."""
    found: dict[str, tuple[Schedule, Place]] = {}
    for schedule in scheduled(text):
        if schedule.period.scheduled:
            for name in schedule.names:
                if topic(name):
                    found.setdefault(topic(name), (schedule, schedule.places.get(name, schedule.place)))
    for schedule in scheduled(text):
        if schedule.period.scheduled:
            for kind in filter(is_kind, schedule.names):
                for name, _ in members(kind, text.procedures):
                    if topic(name):
                        found.setdefault(topic(name), (schedule, schedule.place))
    return found
