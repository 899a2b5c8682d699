"""Loads the detector files of `policies/detectors` and reports every problem with its file and line."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from keyproof.domain.leak import LeakConfidence
from keyproof.errors import PolicyError, Problem
from keyproof.fields import KebabField, StrictModel
from keyproof.leaks.detection.detector import Detector, DetectorKind
from keyproof.leaks.detection.prefilter import derive, width
from keyproof.leaks.detection.proofs import PROOFS
from keyproof.strict_yaml import Key, YamlDocument, read, validate

LONGEST_LINE_MATCH = 2048
"""Bytes a match within one line may have: windows around changed lines are at least this wide."""
LONGEST_MATCH = 70_000
"""Bytes a match over several lines may have."""
_SHORTEST_LITERAL = 1


def _hyphenated(name: str) -> str:
    return name.replace("_", "-")


class DetectorModel(StrictModel):
    """One detector as it is written."""

    model_config = ConfigDict(alias_generator=_hyphenated)

    id: KebabField
    title: Annotated[str, Field(min_length=3)]
    secret_class: Annotated[str, Field(pattern=r"^([a-z0-9]+(-[a-z0-9]+)*)?$")]
    kind: Literal["provider", "format", "generic"] = "provider"
    pattern: str
    """Regular expression; group `secret` is the secret, group `host` the server it opens, `name` its name."""
    anchor: str = ""
    """A simpler expression to find candidates by, within a match's length of it; derived when empty."""
    multiline: bool = False
    armoured: bool = False
    """The secret is Base64 in lines, as in PEM: where it stands is where the whole match stands."""
    confidence: Literal["likely", "possible"] = "likely"
    entropy: Annotated[float, Field(ge=0, le=6)] = 0
    """Bits a character."""
    proof: str = ""
    proof_required: bool = False
    public_prefix: str = ""
    advice: Annotated[str, Field(pattern=r"https://")]
    """What to do when it leaked, with the provider's page."""
    source: Annotated[str, Field(pattern=r"^(observed: )?https://\S+$")] = ""
    """The page that states the form, in documents or code of whoever issues it; where no issuer states it,
    `observed: ` and the page of somebody who uses or detects it."""
    documented: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")], ...] = ()
    """First 16 hex digits of SHA-256 of values the provider published as examples."""
    examples: Annotated[tuple[str, ...], Field(min_length=1)]
    """Texts with a secret between `[[` and `]]` (or the whole), generated parts as `{alnum:36}`."""
    non_examples: tuple[str, ...] = ()
    """Texts in which this detector must find nothing likely."""

    @model_validator(mode="after")
    def _consistent(self) -> "DetectorModel":
        if (self.kind == "generic") != self.id.startswith("generic-"):
            raise ValueError("the id of a generic detector, and only of one, begins with 'generic-'")
        if self.proof and self.proof not in PROOFS:
            raise ValueError(f"no proof is called '{self.proof}'; known: {', '.join(PROOFS)}")
        if self.proof_required and not self.proof:
            raise ValueError("proof-required needs a proof")
        return self


class DetectorFile(StrictModel):
    """One file of detectors, named after its vendor."""

    vendor: str
    detectors: Annotated[tuple[DetectorModel, ...], Field(min_length=1)]


def rule_files(folder: Path) -> tuple[Path, ...]:
    """The detector files of `folder`, sorted by name."""
    return tuple(sorted(folder.glob("*.yaml")))


def read_models(files: Iterable[Path]) -> tuple[tuple[DetectorFile, YamlDocument], ...]:
    """The files as they are written. Raises PolicyError with the problems of all of them."""
    read_files, problems = [], list[Problem]()
    for path in files:
        try:
            document = read(path, error=PolicyError)
            read_files.append((validate(document, DetectorFile, error=PolicyError), document))
        except PolicyError as cause:
            problems.extend(cause.problems)
    if problems:
        raise PolicyError.of(problems)
    return tuple(read_files)


def load(files: Sequence[Path]) -> tuple[Detector, ...]:
    """The detectors of `files`, sorted by id. Raises PolicyError with every problem and its place."""
    detectors: dict[str, Detector] = {}
    problems: list[Problem] = []
    for file, document in read_models(files):
        for index, model in enumerate(file.detectors):
            key: Key = ("detectors", index)
            if model.id in detectors:
                problems.append(
                    document.problem((*key, "id"), f"the id '{model.id}' is taken", "ids are unique")
                )
                continue
            try:
                detectors[model.id] = _detector(model, file.vendor)
            except (re.error, ValueError) as cause:
                problems.append(document.problem((*key, "pattern"), f"the pattern is unusable: {cause}"))
    if problems:
        raise PolicyError.of(problems)
    return tuple(detectors[name] for name in sorted(detectors))


def _detector(model: DetectorModel, vendor: str) -> Detector:
    re.compile(model.pattern.encode())
    longest, limit = width(model.pattern), LONGEST_MATCH if model.multiline else LONGEST_LINE_MATCH
    if longest > limit:
        raise ValueError(f"a match may be {longest} bytes long, at most {limit}; bound its repeats")
    prefilter = derive(model.anchor or model.pattern)
    if min(map(len, prefilter.literals), default=0) < _SHORTEST_LITERAL:
        raise ValueError("no literal text stands in every match; anchor it to one")
    return Detector(
        id=model.id,
        title=model.title,
        secret_class=model.secret_class,
        advice=model.advice,
        public_prefix=model.public_prefix,
        confidence=LeakConfidence(model.confidence),
        vendor=vendor,
        kind=DetectorKind(model.kind),
        pattern=model.pattern,
        prefilter=prefilter,
        width=longest,
        multiline=model.multiline,
        armoured=model.armoured,
        entropy=model.entropy,
        proof=model.proof,
        proof_required=model.proof_required,
        documented=frozenset(model.documented),
    )
