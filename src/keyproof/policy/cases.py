"""Test files of policies, read strictly and turned into cases of the domain."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from keyproof.check_model import CheckModel
from keyproof.domain.attestation import Attestation
from keyproof.domain.case import NOT_SELECTED, Case, Expectation, Suite
from keyproof.domain.policy import Policy, PolicyPack, Rule
from keyproof.domain.secret import SourceLine
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Outcome
from keyproof.errors import PolicyError, Problem
from keyproof.policy.attestations import AttestationLoader
from keyproof.policy.case_document import BesideDocument, CaseDocument, PolicyTestDocument
from keyproof.policy.catalogue import Catalogues
from keyproof.policy.files import Found, find, find_files, found_at, is_test, shipped_packs, tests_of
from keyproof.policy.given import counted
from keyproof.policy.loader import load_policy
from keyproof.strict_yaml import Key, YamlDocument, did_you_mean, read, validate

_MOMENT = timedelta(seconds=1)
_JUDGED = (Outcome.PASS, Outcome.FAIL)
_ATTESTED = (Outcome.MANUAL, Outcome.NOT_EVALUATED)
"""Outcomes in time and late: what a scan sees, and what people have to say again."""


def load_suites(
    references: Sequence[str], *, root: Path, checks: Mapping[str, type[CheckModel]]
) -> tuple[Suite, ...]:
    """The cases of every pack or test file meant: shipped ids, paths or globs below `root`.

    A pack without a test file gives a suite without cases, so that its rules show as untried. Raises
    PolicyError with every problem of every file.
    """
    problems: list[Problem] = []
    found: dict[Path, Found] = {}
    for reference in references:
        hits, hint = _find(reference, root)
        if not hits:
            problems.append(Problem(path=reference, message="there is no such pack or test file", hint=hint))
        found |= {hit.path: hit for hit in hits}
    loader = _Loader(root=root, checks=checks, problems=problems)
    suites = [suite for hit in found.values() if (suite := loader.load(hit))]
    if problems:
        raise PolicyError.of(list(dict.fromkeys(problems)))
    return tuple(suites)


def _find(reference: str, root: Path) -> tuple[list[Found], str]:
    """Test files where there are any; a pack without one stands for itself."""
    is_path = "/" in reference or reference.endswith((".yaml", ".yml"))
    hits, hint = find_files(reference, root=root, tests=True) if is_path else find(reference, root=root)
    tests = [hit if is_test(hit.path) else _beside(hit, root) for hit in hits]
    return tests, hint


def _beside(pack: Found, root: Path) -> Found:
    test = tests_of(pack.path)
    return found_at(test, root=root) if test else pack


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loader:
    """Reads test files, adding what is wrong to `problems`."""

    root: Path
    checks: Mapping[str, type[CheckModel]]
    problems: list[Problem] = field(default_factory=list)

    def load(self, found: Found) -> Suite | None:
        """The suite of one test file, or of a pack without one; None when it cannot be used."""
        try:
            if not is_test(found.path):
                return Suite(path=found.name, policy=self._policy(found.path), cases=())
            return self._suite(found)
        except PolicyError as cause:
            self.problems.extend(cause.problems)
            return None

    def _suite(self, found: Found) -> Suite | None:
        document = read(found.path, error=PolicyError, name=found.name)
        model = validate(document, PolicyTestDocument, error=PolicyError)
        pack = self._pack(model, document, found)
        if pack is None:
            return None
        folder = found.path.parent
        policy = self._policy(
            pack,
            waivers=[str(folder / reference) for reference in model.waivers],
            attestations=[str(folder / reference) for reference in model.attestations],
        )
        before = len(self.problems)
        cases = [
            case
            for index, written in enumerate(model.cases)
            for case in self._cases(written, ("cases", index), model, document, policy.packs[0])
        ]
        if len(self.problems) > before:
            return None
        return Suite(
            path=found.name, policy=policy, cases=tuple(cases), environments=dict(model.environments)
        )

    def _policy(self, pack: Path, *, waivers: Sequence[str] = (), attestations: Sequence[str] = ()) -> Policy:
        return load_policy(
            [str(pack)], root=self.root, checks=self.checks, waivers=waivers, attestations=attestations
        )

    def _pack(self, model: PolicyTestDocument, document: YamlDocument, found: Found) -> Path | None:
        folder = found.path.parent
        if model.pack:
            hits, hint = find(model.pack, root=folder)
            if len(hits) == 1:
                return hits[0].path
            message = f"there is no pack '{model.pack}' to test"
            self.problems.append(document.problem(("pack",), message, hint))
            return None
        stem = found.path.name.partition(".test.")[0]
        for suffix in (".yaml", ".yml"):
            if (beside := folder / f"{stem}{suffix}").is_file() and beside != found.path:
                return beside
        hint = f"write 'pack:' with a path or one of {', '.join(shipped_packs())}"
        self.problems.append(document.problem((), f"there is no {stem}.yaml beside this file to test", hint))
        return None

    def _cases(
        self,
        model: CaseDocument,
        key: Key,
        test: PolicyTestDocument,
        document: YamlDocument,
        pack: PolicyPack,
    ) -> Iterator[Case]:
        place = SourceLine(path=document.path, line=document.place(key)[0])
        rule = next((rule for rule in pack.rules if rule.id == model.rule), None)
        if rule is None:
            hint = did_you_mean(model.rule, sorted(rule.id for rule in pack.rules))
            message = f"the pack '{pack.id}' has no rule '{model.rule}'"
            self.problems.append(document.problem((*key, "rule"), message, hint))
            return
        as_of = model.as_of or test.as_of
        if as_of is None and not model.around_due:
            message, hint = "the case names no moment", "add 'as-of:' to it or to the file"
            self.problems.append(document.problem(key, message, hint))
            return
        case = Case(
            name=model.name,
            rule=model.rule,
            subject=_subject(model, pack, place),
            beside=tuple(_beside_subject(other, place) for other in model.beside),
            unreadable=model.unreadable,
            as_of=as_of or datetime.min.replace(tzinfo=UTC),
            with_waivers=model.waivers == "on",
            expected=_expectation(model),
            place=place,
            attestations=self._given(model, rule, key, document, pack),
            covers=model.covers,
        )
        if not (model.around_due and model.due):
            yield case
            return
        attested = bool(rule.attestations if case.attestations is None else case.attestations)
        yield from _around(case, model.due, _ATTESTED if attested else _JUDGED)

    def _given(
        self, model: CaseDocument, rule: Rule, key: Key, document: YamlDocument, pack: PolicyPack
    ) -> tuple[Attestation, ...] | None:
        if model.attestations is None:
            return None
        loader = AttestationLoader(
            root=self.root,
            packs=[pack],
            checks=self.checks,
            catalogues=Catalogues(problems=self.problems),
            problems=self.problems,
        )
        return counted(model.attestations, rule, document, (*key, "attestations"), loader)


def _expectation(model: CaseDocument) -> Expectation:
    due = model.due.date() if isinstance(model.due, datetime) else model.due
    return Expectation(
        outcome=model.expect or NOT_SELECTED,
        reason=model.reason,
        due=due,
        severity=model.severity,
        alert=model.alert,
        waived=model.waived,
        secret_class=model.class_,
    )


def _around(case: Case, due: date, outcomes: tuple[Outcome, Outcome]) -> Iterator[Case]:
    """The last moments before and on the due day, and the first after it; for a moment, the seconds around it.

    `outcomes` are those in time and late.
    """
    in_time, too_late = outcomes
    if isinstance(due, datetime):
        moments = {"a second before due": due - _MOMENT, "when due": due, "a second after due": due + _MOMENT}
    else:
        midnight = datetime.combine(due, time.min, UTC)
        a_day = timedelta(days=1)
        moments = {
            "the day before due": midnight - a_day,
            "the end of the due day": midnight + a_day - _MOMENT,
            "the day after due": midnight + a_day,
        }
    for (when, moment), outcome in zip(moments.items(), (in_time, in_time, too_late), strict=True):
        late = outcome is too_late
        yield replace(
            case,
            name=", ".join(filter(None, (case.name, when))),
            as_of=moment,
            expected=replace(
                case.expected,
                outcome=outcome.value,
                due_if_any=True,
                severity=case.expected.severity if late else None,
                waived=case.expected.waived if late else None,
            ),
        )


def _subject(model: CaseDocument, pack: PolicyPack, place: SourceLine) -> Subject:
    if model.secret is not None:
        return model.secret.subject(place)
    if model.leak is not None:
        return model.leak.subject()
    if model.repository is not None:
        return model.repository.subject()
    assert model.document is not None
    return model.document.subject(pack)


def _beside_subject(model: BesideDocument, place: SourceLine) -> Subject:
    if model.secret is not None:
        return model.secret.subject(place)
    if model.leak is not None:
        return model.leak.subject()
    assert model.repository is not None
    return model.repository.subject()
