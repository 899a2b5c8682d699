"""Waiver files: what an organisation accepts, who asked, who agreed, and until when."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from keyproof.domain.policy import Selector, Waiver
from keyproof.domain.secret import SourceLine
from keyproof.domain.verdict import Severity
from keyproof.domain.waiver_limits import LONGEST, QUORUM, WaiverLimits
from keyproof.errors import PolicyError, Problem
from keyproof.policy.catalogue import Catalogues
from keyproof.policy.documents import API_VERSION, WaiverDocument, WaiversDocument
from keyproof.policy.files import read_files
from keyproof.policy.selecting import SelectorCompiler
from keyproof.policy.selector import ByFingerprint
from keyproof.strict_yaml import Key, YamlDocument, did_you_mean, parse, problems_of


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverLoader:
    """Reads waiver files, adding what is wrong to `problems`."""

    root: Path
    classes: Collection[str] | None
    """Classes of all packs; None while they are not all known."""
    priority_of_class: Mapping[str, str]
    catalogues: Catalogues
    problems: list[Problem]
    rules: Collection[str] | None = None
    """Rules of all packs, as `rule` and as `pack/rule`; None while they are not all known."""

    def load(self, references: Sequence[str]) -> tuple[Waiver, ...]:
        """Every waiver of the files meant, sorted by id."""
        seen: dict[str, SourceLine] = {}
        files = read_files(references, root=self.root, noun="waiver", problems=self.problems)
        waivers = [waiver for document in files for waiver in self.waivers(document, seen)]
        return tuple(sorted(waivers, key=lambda waiver: waiver.id))

    def waivers(self, document: YamlDocument, seen: dict[str, SourceLine]) -> Iterator[Waiver]:
        """The waivers of one file; `seen` holds the place of every id so far."""
        if not isinstance(document.data, dict):
            hint = f"begin with 'apiVersion: {API_VERSION}' and 'kind: Waivers'"
            self.problems.append(document.problem((), "is not a waiver file", hint))
            return
        limits = WaiverLimits()
        try:
            whole = WaiversDocument.model_validate(document.data)
            limits = WaiverLimits(quorum={**QUORUM, **whole.quorum}, longest={**LONGEST, **whole.longest})
        except ValidationError as cause:
            self.problems.extend(problems_of(cause, document, WaiversDocument))
        items = document.data.get("waivers")
        for index, item in enumerate(items if isinstance(items, list) else ()):
            if waiver := self._waiver(item, document, ("waivers", index), seen, limits):
                yield waiver

    def _waiver(
        self, item: Any, document: YamlDocument, key: Key, seen: dict[str, SourceLine], limits: WaiverLimits
    ) -> Waiver | None:
        try:
            model = WaiverDocument.model_validate(item)
        except ValidationError:
            return None  # already a problem of the whole file
        self.problems.extend(_faults(model, document, key))
        self.problems.extend(_beyond(model, limits, document, key))
        place = SourceLine(path=document.path, line=document.place(key)[0])
        if first := seen.get(model.id):
            self.problems.append(
                document.problem(
                    (*key, "id"),
                    f"the waiver '{model.id}' stands twice",
                    f"it first stands in {first.path}:{first.line}; rename one",
                )
            )
        seen.setdefault(model.id, place)
        if model.rule and self.rules is not None and model.rule not in self.rules:
            self.problems.append(
                document.problem(
                    (*key, "rule"),
                    f"no loaded pack has a rule '{model.rule}'",
                    did_you_mean(model.rule, sorted(self.rules)),
                )
            )
        if model.control:
            self.catalogues.check_control(model.control, document, (*key, "control"))
        return Waiver(
            id=model.id,
            rule=model.rule,
            control=model.control,
            selector=self._selector(model, document, key),
            reason=" ".join(model.reason.split()),
            ticket=model.ticket,
            requested_by=model.requested_by,
            approved_by=model.approved_by,
            starts=model.from_,
            until=model.until,
            compensating_control=" ".join(model.compensating_control.split()),
            place=place,
            limits=limits,
        )

    def _selector(self, model: WaiverDocument, document: YamlDocument, key: Key) -> Selector:
        if model.fingerprint:
            return ByFingerprint(frozenset(model.fingerprint))
        compiler = SelectorCompiler(
            document=document,
            classes=self.classes,
            problems=self.problems,
            priority_of_class=self.priority_of_class,
        )
        return compiler.compile(model.select, (*key, "select"))


def check_entry(text: str, *, path: Path) -> None:
    """Raise PolicyError with all that is wrong in a waiver file by itself, apart from rules and classes."""
    problems: list[Problem] = []
    loader = WaiverLoader(
        root=path.parent, classes=None, priority_of_class={}, catalogues=Catalogues(problems=problems),
        problems=problems,
    )  # fmt: skip
    list(loader.waivers(parse(text, name=str(path), error=PolicyError), {}))
    if problems:
        raise PolicyError.of(problems)


def _faults(model: WaiverDocument, document: YamlDocument, key: Key) -> Iterator[Problem]:
    if model.until < model.from_:
        yield document.problem(
            (*key, "until"),
            f"the waiver ends on {model.until}, before it begins on {model.from_}",
            "write a later last day",
        )
    folded = [_folded(name) for name in model.approved_by]
    for index, name in enumerate(model.approved_by):
        at: Key = (*key, "approved-by", index)
        if not folded[index]:
            yield document.problem(at, "an approver has no name", "write who approved it")
        elif folded[index] == _folded(model.requested_by):
            yield document.problem(
                at, f"{name.strip()} approves what {name.strip()} requested", "let somebody else approve it"
            )
        elif folded[index] in folded[:index]:
            yield document.problem(at, f"{name.strip()} approves twice", "name each approver once")


def _beyond(
    model: WaiverDocument, limits: WaiverLimits, document: YamlDocument, key: Key
) -> Iterator[Problem]:
    """What no failure of any severity would be accepted with."""
    last = max(limits.last_day(severity, model.from_) for severity in Severity)
    if model.until > last:
        yield document.problem(
            (*key, "until"),
            f"the waiver lasts until {model.until}, longer than any failure may be waived",
            f"write {last} or earlier, and renew it after a review",
        )
    fewest = min(limits.quorum.values())
    if len(model.approved_by) < fewest:
        yield document.problem(
            (*key, "approved-by"),
            f"{len(model.approved_by)} approved it, and every failure needs {fewest}",
            "name who else approved it",
        )


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
