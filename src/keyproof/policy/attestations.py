"""Attestation files: what people vouch for where no scan can look, who did, and how often they have to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from keyproof.check_model import CheckModel
from keyproof.domain.attestation import Attestation
from keyproof.domain.policy import PolicyPack, Rule
from keyproof.domain.secret import SourceLine
from keyproof.errors import Problem
from keyproof.fields import DateField, KebabField, SpanField
from keyproof.policy.catalogue import Catalogues
from keyproof.policy.documents import API_VERSION, TextField, YamlModel
from keyproof.policy.files import read_files
from keyproof.strict_yaml import Key, YamlDocument, did_you_mean, problems_of


class AttestationDocument(YamlModel):
    """One statement of a person about one rule or control."""

    id: KebabField
    rule: str = ""
    """Id of the rule it is given for, as `rule` or `pack/rule`."""
    control: str = ""
    """`framework:control`: it is given for every rule with `check: attested` that is mapped to it."""
    statement: TextField
    """What was done, in a sentence that may stand in a report."""
    by: TextField
    """Who attests it: a person or a team."""
    at: DateField
    """The day it was given, UTC."""
    every: SpanField
    """How often it has to be given again: it holds through the day of `at` plus this period."""
    evidence: str = ""
    """Address or ticket of what it rests on."""

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if bool(self.rule) == bool(self.control):
            raise ValueError(
                "an attestation is about a rule or a control; write exactly one of 'rule' and 'control'"
            )
        return self


class AttestationsDocument(YamlModel):
    """An attestation file."""

    api_version: Literal["keyproof/v1"] = Field(alias="apiVersion")
    kind: Literal["Attestations"]
    attestations: tuple[AttestationDocument, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestationLoader:
    """Reads attestation files, adding what is wrong to `problems`.

    An attestation that no rule asks for is a problem: it would be a promise that nothing keeps.
    """

    root: Path
    packs: Sequence[PolicyPack] | None
    """The packs of the run; None while not all of their rules are known, so that none can be called unknown."""
    checks: Mapping[str, type[CheckModel]]
    catalogues: Catalogues
    problems: list[Problem]

    def load(self, references: Sequence[str]) -> tuple[Attestation, ...]:
        """Every attestation of the files meant, sorted by id."""
        seen: dict[str, SourceLine] = {}
        files = read_files(references, root=self.root, noun="attestation", problems=self.problems)
        found = [one for document in files for one in self._read(document, seen)]
        return tuple(sorted(found, key=lambda one: one.id))

    def _read(self, document: YamlDocument, seen: dict[str, SourceLine]) -> Iterator[Attestation]:
        if not isinstance(document.data, dict):
            hint = f"begin with 'apiVersion: {API_VERSION}' and 'kind: Attestations'"
            self.problems.append(document.problem((), "is not an attestation file", hint))
            return
        try:
            AttestationsDocument.model_validate(document.data)
        except ValidationError as cause:
            self.problems.extend(problems_of(cause, document, AttestationsDocument))
        items = document.data.get("attestations")
        for index, item in enumerate(items if isinstance(items, list) else ()):
            if one := self._attestation(item, document, ("attestations", index), seen):
                yield one

    def _attestation(
        self, item: Any, document: YamlDocument, key: Key, seen: dict[str, SourceLine]
    ) -> Attestation | None:
        try:
            model = AttestationDocument.model_validate(item)
        except ValidationError:
            return None  # already a problem of the whole file
        return self.take(model, document, key, seen)

    def take(
        self, model: AttestationDocument, document: YamlDocument, key: Key, seen: dict[str, SourceLine]
    ) -> Attestation:
        """The attestation written at `key`; what is wrong with it is added to `problems`, its id to `seen`."""
        place = SourceLine(path=document.path, line=document.place(key)[0])
        if first := seen.get(model.id):
            self.problems.append(
                document.problem(
                    (*key, "id"),
                    f"the attestation '{model.id}' stands twice",
                    f"it first stands in {first.path}:{first.line}; rename one",
                )
            )
        seen.setdefault(model.id, place)
        for name in ("statement", "by"):
            if not str(getattr(model, name)).strip():
                self.problems.append(document.problem((*key, name), f"'{name}' says nothing", "write it out"))
        if model.control:
            self._check_control(model.control, document, (*key, "control"))
        elif self.packs is not None:
            self._check_rule(model.rule, self.packs, document, (*key, "rule"))
        return Attestation(
            id=model.id,
            rule=model.rule,
            control=model.control,
            statement=" ".join(model.statement.split()),
            by=" ".join(model.by.split()),
            at=model.at,
            every=model.every,
            evidence=model.evidence.strip(),
            place=place,
        )

    def _check_control(self, control: str, document: YamlDocument, key: Key) -> None:
        if not self.catalogues.check_control(control, document, key) or self.packs is None:
            return
        asked = [
            rule
            for pack in self.packs
            for rule in pack.rules
            if self._attestable(rule) and any(edge.id == control for edge in rule.controls)
        ]
        if not asked:
            hint = "add a rule with 'check: attested' that is mapped to it, or load the pack that has one"
            self.problems.append(document.problem(key, f"no rule asks to attest {control}", hint))

    def _check_rule(self, name: str, packs: Sequence[PolicyPack], document: YamlDocument, key: Key) -> None:
        rules = [(pack, rule) for pack in packs for rule in pack.rules]
        named = [rule for pack, rule in rules if name in {rule.id, f"{pack.id}/{rule.id}"}]
        if not named:
            askable = sorted({rule.id for _, rule in rules if self._attestable(rule)})
            hint = did_you_mean(name.rpartition("/")[2], askable) or "add a rule with 'check: attested'"
            self.problems.append(document.problem(key, f"there is no rule '{name}' in the packs", hint))
        elif not any(map(self._attestable, named)):
            hint = "its evidence is what was read; write a rule with 'check: attested' for what was not"
            message = f"the rule '{name}' is decided by {named[0].check.kind}, which nobody can attest"
            self.problems.append(document.problem(key, message, hint))

    def _attestable(self, rule: Rule) -> bool:
        kind = self.checks.get(rule.check.kind)
        return kind is not None and kind.attestable


def attach(packs: Sequence[PolicyPack], attestations: Sequence[Attestation]) -> tuple[PolicyPack, ...]:
    """The packs with every rule given the attestations that are about it."""
    if not attestations:
        return tuple(packs)
    return tuple(
        replace(pack, rules=tuple(_with_attestations(rule, attestations) for rule in pack.rules))
        for pack in packs
    )


def _with_attestations(rule: Rule, attestations: Sequence[Attestation]) -> Rule:
    controls = tuple(edge.id for edge in rule.controls)
    about = [
        one
        for one in attestations
        if one.is_about(rule=rule.id, pack=rule.pack, also_in=rule.also_in, controls=controls)
    ]
    return replace(rule, attestations=tuple(about)) if about else rule


def attestation_content(one: Attestation) -> dict[str, Any]:
    """An attestation as JSON data, without the place it stands at."""
    return {
        "id": one.id,
        "rule": one.rule,
        "control": one.control,
        "statement": one.statement,
        "by": one.by,
        "at": one.at.isoformat(),
        "every": one.every.text,
        "evidence": one.evidence,
    }
