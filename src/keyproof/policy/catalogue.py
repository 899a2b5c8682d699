"""The control catalogues: which controls exist, what they demand and how much a rule may claim of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from keyproof import resources
from keyproof.domain.policy import Control, ControlMapping, Framework, Strength
from keyproof.errors import PolicyError, Problem
from keyproof.policy.claims import RANK, Ceiling, Showing, over_claim
from keyproof.policy.documents import CatalogueDocument, ControlDocument, MappingDocument
from keyproof.strict_yaml import Key, YamlDocument, did_you_mean, read, validate


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """One framework, with the most that may be claimed of each control."""

    framework: Framework
    ceilings: Mapping[str, Ceiling]
    """By `framework:control`."""


def shipped_catalogues() -> dict[str, Path]:
    """Framework id → catalogue file."""
    return {path.stem: path for path in sorted(resources.policies().glob("controls/*.yaml"))}


def load_catalogue(path: Path) -> Catalogue:
    """Read one catalogue file. Raises PolicyError."""
    name = f"policies/controls/{path.name}"
    document = read(path, error=PolicyError, name=name)
    model = validate(document, CatalogueDocument, error=PolicyError)
    problems = list(_faults(model, document, path.stem))
    if problems:
        raise PolicyError.of(problems)
    prefix, own = model.metadata.id, model.metadata
    controls = tuple(
        Control(
            id=f"{prefix}:{control.id}",
            framework=prefix,
            title=control.title,
            demands=control.demands,
            scan_cannot_show=control.scan_cannot_show,
            why_no_more=control.why or own.why,
            closed=control.strongest == "none",
        )
        for control in model.controls
    )
    ceilings = {
        f"{prefix}:{control.id}": Ceiling(
            strongest=str(control.strongest or own.strongest),
            why=control.why or own.why,
            evidence={
                kind: Showing(strength=shown.strength, when=shown.when)
                for kind, shown in control.evidence.items()
            },
            when=own.when,
        )
        for control in model.controls
    }
    framework = Framework(id=prefix, title=own.title, edition=own.edition, controls=controls)
    return Catalogue(framework=framework, ceilings=ceilings)


def _sentence(condition: str) -> str:
    return f"{condition[0].upper()}{condition[1:].rstrip('.')}."


def _faults(model: CatalogueDocument, document: YamlDocument, stem: str) -> list[Problem]:
    problems = []
    if model.metadata.id != stem:
        problems.append(
            document.problem(
                ("metadata", "id"), f"the id '{model.metadata.id}' is not the file's name", f"write '{stem}'"
            )
        )
    seen: set[str] = set()
    for index, control in enumerate(model.controls):
        if control.id in seen:
            problems.append(
                document.problem(
                    ("controls", index, "id"), f"the control '{control.id}' stands twice", "keep one"
                )
            )
        seen.add(control.id)
        strongest = str(control.strongest or model.metadata.strongest)
        if fault := _disagreement(control, strongest):
            problems.append(document.problem(("controls", index, "id"), *fault))
    return problems


def _disagreement(control: ControlDocument, strongest: str) -> tuple[str, str] | None:
    """How what a control's checks can show contradicts the most that may be claimed of it."""
    if bool(control.evidence) == (strongest == "none"):
        return (
            f"of '{control.id}' the most is {strongest}, with {'some' if control.evidence else 'no'} evidence",
            "name the checks that show something of it, or write 'strongest: none'",
        )
    # A part is what most checks can show of a control; a condition may make one of them show the whole.
    most = 3 if strongest == Strength.PARTIAL else RANK[strongest]
    bold = [kind for kind, shown in control.evidence.items() if RANK[shown.strength] > most]
    if bold:
        return (
            f"{', '.join(sorted(bold))} shows more of '{control.id}' than {strongest}",
            f"write '{strongest}'",
        )
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogues:
    """The catalogues that come with keyproof, each read when first asked for."""

    problems: list[Problem]
    _read: dict[str, Catalogue | None] = field(default_factory=dict)

    def get(self, framework: str) -> Catalogue | None:
        """The catalogue of `framework`; None when there is none or it is unusable, which is a problem too."""
        if framework not in self._read:
            self._read[framework] = None
            path = shipped_catalogues().get(framework)
            if path is not None:
                try:
                    self._read[framework] = load_catalogue(path)
                except PolicyError as cause:
                    self.problems.extend(cause.problems)
        return self._read[framework]

    def asked_for(self, frameworks: Sequence[str]) -> tuple[Framework, ...]:
        """The frameworks named in the configuration, in that order."""
        found = []
        for name in dict.fromkeys(frameworks):
            if catalogue := self.get(name):
                found.append(catalogue.framework)
            elif name not in shipped_catalogues():
                self.problems.append(
                    Problem(
                        path="frameworks",
                        message=f"there is no control catalogue '{name}'",
                        hint=did_you_mean(name, list(shipped_catalogues())),
                    )
                )
        return tuple(found)

    def check_control(self, control: str, document: YamlDocument, key: Key) -> bool:
        """Whether `control` exists; when not, that is a problem at `key`."""
        prefix, colon, _ = control.partition(":")
        if not colon:
            hint = "write it as framework:control, for example soc2:CC6.1"
            self.problems.append(document.problem(key, f"'{control}' names no framework", hint))
            return False
        if prefix not in shipped_catalogues():
            known = list(shipped_catalogues())
            self.problems.append(
                document.problem(key, f"there is no framework '{prefix}'", did_you_mean(prefix, known))
            )
            return False
        catalogue = self.get(prefix)
        if catalogue is None or control in catalogue.ceilings:
            return catalogue is not None
        close = did_you_mean(control, list(catalogue.ceilings))
        hint = close if close.startswith("did you mean") else f"policies/controls/{prefix}.yaml lists them"
        self.problems.append(document.problem(key, f"there is no control '{control}'", hint))
        return False

    def mapping(self, claim: MappingDocument, check: str, scope: str) -> ControlMapping:
        """The edge of a rule with this check; where the pack states no preconditions, those of the catalogue.

        `scope` says which secrets the rule's file is about, where not all.
        """
        catalogue = self.get(claim.id.partition(":")[0])
        ceiling = catalogue.ceilings.get(claim.id) if catalogue else None
        known = [ceiling.condition(check, claim.strength)] if ceiling else []
        if scope:
            known.append(f"shown only for {scope}")
        elif ceiling:
            known.append(ceiling.when)
        stated = claim.preconditions or " ".join(map(_sentence, filter(None, known)))
        return ControlMapping(id=claim.id, strength=claim.strength, preconditions=stated)

    def check_claim(self, claim: MappingDocument, check: str, document: YamlDocument, key: Key) -> None:
        """Add a problem when the control is unknown or the rule claims too much of it."""
        if not self.check_control(claim.id, document, (*key, "id")):
            return
        catalogue = self.get(claim.id.partition(":")[0])
        assert catalogue is not None
        if fault := over_claim(claim, check, catalogue.ceilings[claim.id]):
            at = "id" if catalogue.ceilings[claim.id].strongest == "none" else "strength"
            self.problems.append(document.problem((*key, at), *fault))
