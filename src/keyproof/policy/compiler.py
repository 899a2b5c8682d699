"""From a pack as written to a pack of the domain: ready checks, compiled selectors, checked claims."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic import ValidationError

from keyproof.check_model import CheckModel
from keyproof.domain.check import Check
from keyproof.domain.origin import Origin
from keyproof.domain.policy import PolicyPack, Rule, SecretClass
from keyproof.domain.secret import SourceLine
from keyproof.domain.subject import Document
from keyproof.errors import Problem
from keyproof.policy.catalogue import Catalogues
from keyproof.policy.digest import digest, pack_content
from keyproof.policy.documents import UNCLASSIFIED, RuleDocument
from keyproof.policy.durations import durations_in
from keyproof.policy.files import PackFile
from keyproof.policy.layers import EffectivePack, Placed
from keyproof.policy.provenance import parameter_origins, rule_origins
from keyproof.policy.selecting import SelectorCompiler
from keyproof.policy.selector import Everything
from keyproof.strict_yaml import Key, did_you_mean, problems_of

_DEMANDS_CLASS = "required-metadata"
_UNCLASSIFIED_TITLE = "Every secret belongs to a class: one that matches none has no rotation period"
_UNCLASSIFIED_REMEDIATION = "Add a class that matches it, or correct its name or tags so that one does."


@dataclass(frozen=True, slots=True, kw_only=True)
class PackCompiler:
    """Compiles one effective pack, adding what is wrong to `problems`."""

    pack: EffectivePack
    checks: Mapping[str, type[CheckModel]]
    catalogues: Catalogues
    problems: list[Problem]

    def compile(self) -> PolicyPack:
        """The pack; only to be used when no problem was added."""
        metadata, file = self.pack.file.metadata, self.pack.file
        classes = tuple(self._classes())
        filled: dict[str, Any] = {}
        rules = [rule for placed in self.pack.rules.values() if (rule := self._rule(placed, filled))]
        rules += self._unclassified(rules)
        if not self.pack.rules and self.pack.complete:
            self.problems.append(
                file.document.problem(("rules",), "the pack has no rules", "add a rule, or extend a pack")
            )
        return PolicyPack(
            id=metadata.id,
            title=metadata.title,
            version=metadata.version,
            document=self._document(),
            classes=classes,
            roles=self.pack.roles,
            rules=tuple(rules),
            digest=digest(pack_content(self.pack, filled)),
            disabled=self.pack.disabled,
            notes=tuple(self._notes(rules)),
            parameters=parameter_origins(self.pack),
        )

    def _document(self) -> Document:
        metadata, file = self.pack.file.metadata, self.pack.file
        return Document(
            pack=metadata.id,
            name=metadata.title,
            owner=metadata.owner,
            reviewed=metadata.reviewed,
            review_every=metadata.review_every,
            approved_by=metadata.approved_by,
            place=_place(file, ("metadata",)),
        )

    def _classes(self) -> Iterator[SecretClass]:
        for placed in self.pack.classes.values():
            model = placed.model
            compiler = self._selectors(placed.file, in_class=True)
            yield SecretClass(
                id=model.id,
                title=model.title or model.id,
                selector=compiler.compile(model.match, (*placed.key, "match")),
                priority=model.priority or "",
                place=_place(placed.file, placed.key),
            )

    def _selectors(self, file: PackFile, *, in_class: bool = False) -> SelectorCompiler:
        return SelectorCompiler(
            document=file.document,
            classes=self.pack.class_ids if self.pack.complete else None,
            problems=self.problems,
            priority_of_class={name: p.model.priority or "" for name, p in self.pack.classes.items()},
            in_class=in_class,
        )

    def _rule(self, placed: Placed[RuleDocument], filled: dict[str, Any]) -> Rule | None:
        model, file, key = placed.model, placed.file, placed.key
        selector = self._selectors(file).compile(model.select, (*key, "select"))
        self._claims(placed)
        check = self._check(placed, filled)
        if check is None:
            return None
        return Rule(
            id=model.id,
            pack=self.pack.file.metadata.id,
            title=" ".join(model.title.split()),
            check=check,
            selector=selector,
            severity=model.severity,
            controls=tuple(
                self.catalogues.mapping(claim, model.check, file.metadata.scope) for claim in model.controls
            ),
            remediation=" ".join(model.remediation.split()),
            place=_place(file, key),
            origins=rule_origins(placed, check, selector, self.pack.parameters),
            replaces=tuple(_place(other.file, other.key) for other in self.pack.replaced.get(model.id, ())),
        )

    def _claims(self, placed: Placed[RuleDocument]) -> None:
        """Every mapping names a control that exists, once, and claims no more of it than the check can show."""
        model, document = placed.model, placed.file.document
        seen: set[str] = set()
        for index, claim in enumerate(model.controls):
            at: Key = (*placed.key, "controls", index)
            self.catalogues.check_claim(claim, model.check, document, at)
            if claim.id in seen:
                self.problems.append(
                    document.problem(
                        (*at, "id"), f"the control '{claim.id}' stands twice", "keep one mapping"
                    )
                )
            seen.add(claim.id)

    def _check(self, placed: Placed[RuleDocument], filled: dict[str, Any]) -> Check | None:
        model, document = placed.model, placed.file.document
        kind = self.checks.get(model.check)
        if kind is None:
            self.problems.append(
                document.problem(
                    (*placed.key, "check"),
                    f"there is no check '{model.check}'",
                    did_you_mean(model.check, sorted(self.checks)),
                )
            )
            return None
        at: Key = (*placed.key, "with")
        known_problems = len(self.problems)
        data = self.pack.parameters.fill(model.with_, at, document, self.problems)
        filled[model.id] = data
        if len(self.problems) > known_problems or self.pack.parameters.leaves_open(data):
            return None  # a second fault about the same value would only confuse
        try:
            return cast(Check, kind.model_validate(data))  # every registered model has the protocol's methods
        except ValidationError as cause:
            self.problems.extend(problems_of(cause, document, kind, at=at))
            return None

    def _unclassified(self, rules: list[Rule]) -> Iterator[Rule]:
        """The rule a pack with classes has without writing it: an unmatched secret is a finding.

        A pack that asks every secret for its class has written it itself.
        """
        kind = self.checks.get(_DEMANDS_CLASS)
        if not self.pack.classes or kind is None or UNCLASSIFIED in self.pack.disabled:
            return
        if any(
            rule.check.kind == _DEMANDS_CLASS
            and "class" in getattr(rule.check, "fields", ())
            and isinstance(rule.selector, Everything)
            for rule in rules
        ):
            return
        if UNCLASSIFIED in self.pack.rules:
            placed = self.pack.rules[UNCLASSIFIED]
            self.problems.append(
                placed.file.document.problem(
                    (*placed.key, "id"),
                    f"the id '{UNCLASSIFIED}' is kept for the rule that every secret has a class",
                    "choose another id",
                )
            )
            return
        first = next(iter(self.pack.classes.values()))
        yield Rule(
            id=UNCLASSIFIED,
            pack=self.pack.file.metadata.id,
            title=_UNCLASSIFIED_TITLE,
            check=cast(Check, kind.model_validate({"fields": ["class"]})),  # as above
            selector=Everything(),
            severity=None,
            remediation=_UNCLASSIFIED_REMEDIATION,
            place=_place(first.file, ("classes",)),
            origins=(
                Origin(key="check", value=_DEMANDS_CLASS, place=_place(first.file, ("classes",))),
                Origin(key="with.fields", value="class", place=_place(first.file, ("classes",))),
            ),
        )

    def _notes(self, rules: list[Rule]) -> Iterator[str]:
        file = self.pack.file
        found = [(file, ("metadata", *key), d) for key, d in durations_in(file.metadata)]
        for rule in rules:
            if placed := self.pack.rules.get(rule.id):
                found += [
                    (placed.file, (*placed.key, "with", *key), period)
                    for key, period in durations_in(rule.check)
                ]
        for origin, key, period in found:
            if period.note:
                line, _ = origin.document.place(key)
                yield f"{origin.document.path}:{line}: {period.note}"


def _place(file: PackFile, key: Key) -> SourceLine:
    return SourceLine(path=file.document.path, line=file.document.place(key)[0])
