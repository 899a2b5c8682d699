"""Small checks and a way to load packs written in a test, so that the language is tested without real checks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import dedent
from typing import ClassVar, Literal

import pytest

from keyproof.check_model import CheckModel
from keyproof.domain.check import Context
from keyproof.domain.duration import Duration
from keyproof.domain.policy import Policy
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Verdict
from keyproof.errors import PolicyError
from keyproof.fields import DurationField
from keyproof.policy.loader import load_policy


class _StandIn(CheckModel):
    def evaluate(self, subject: Subject, context: Context) -> Verdict:
        return Verdict.passed("stand-in")


class MaxAge(_StandIn):
    kind: ClassVar[str] = "max-age"
    period: DurationField
    alerts: dict[str, str] = {}  # noqa: RUF012 (pydantic copies it)
    runs: int = 0

    @property
    def rotation_period(self) -> Duration | None:
        return self.period


class RequiredMetadata(_StandIn):
    kind: ClassVar[str] = "required-metadata"
    fields: tuple[str, ...]


class NoLeak(_StandIn):
    kind: ClassVar[str] = "no-leak"
    confidence: tuple[Literal["proven", "likely"], ...] = ("proven",)


CHECKS: Mapping[str, type[CheckModel]] = {
    "max-age": MaxAge,
    "no-leak": NoLeak,
    "required-metadata": RequiredMetadata,
}

HEAD = """\
apiVersion: keyproof/v1
kind: PolicyPack
metadata: {id: house, title: House, version: 1.0.0}
"""
RULE = """\
rules:
  - {id: rotation, title: Rotation, check: max-age, with: {period: 90d}}
"""


def write(root: Path, files: Mapping[str, str]) -> None:
    """Write each text, its common indentation removed."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")


def load(
    root: Path,
    references: Sequence[str] = ("house.yaml",),
    *,
    frameworks: Sequence[str] = (),
    waivers: Sequence[str] = (),
) -> Policy:
    """Load packs below `root` with the stand-ins."""
    return load_policy(references, root=root, checks=CHECKS, frameworks=frameworks, waivers=waivers)


def load_house(root: Path, body: str, **more: str) -> Policy:
    """Load one pack made of the usual head and `body`."""
    write(root, {"house.yaml": HEAD + dedent(body), **more})
    return load(root)


def problems(
    root: Path,
    references: Sequence[str] = ("house.yaml",),
    *,
    frameworks: Sequence[str] = (),
    waivers: Sequence[str] = (),
) -> str:
    """Every problem of loading, one a line."""
    with pytest.raises(PolicyError) as caught:
        load(root, references, frameworks=frameworks, waivers=waivers)
    return "\n".join(str(problem) for problem in caught.value.problems)


def problems_of_house(root: Path, body: str) -> str:
    """Every problem of one pack made of the usual head (three lines) and `body`."""
    write(root, {"house.yaml": HEAD + dedent(body)})
    return problems(root)


def problems_of_waivers(root: Path, body: str) -> str:
    """Every problem of a waiver file whose list begins on line 4."""
    head = "apiVersion: keyproof/v1\nkind: Waivers\nwaivers:\n"
    write(root, {"house.yaml": HEAD + RULE, "waivers.yaml": head + dedent(body)})
    return problems(root, waivers=["waivers.yaml"])
