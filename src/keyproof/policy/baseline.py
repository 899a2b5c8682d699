"""Baseline files: read strictly, written by `keyproof baseline` for people to review."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from keyproof.domain.baseline import BaselineEntry
from keyproof.domain.secret import SourceLine
from keyproof.errors import PolicyError, Problem
from keyproof.fields import DateField
from keyproof.policy.documents import API_VERSION, TextField, YamlModel
from keyproof.policy.waiver_entry import quoted
from keyproof.strict_yaml import YamlDocument, read, validate

_HEAD = f"""\
# What failed when this baseline was taken. Each entry is accepted through its last day (UTC), then fails again;
# an entry whose finding no longer fails is reported as unused and can be removed. `keyproof baseline` updates it.
apiVersion: {API_VERSION}
kind: Baseline
"""


class EntryDocument(YamlModel):
    """One finding that is given time."""

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    """The finding's id, as the reports show it."""
    rule: TextField
    """`pack/rule`."""
    subject: TextField
    owner: TextField
    """Who is to put it in order."""
    until: DateField
    """Last day it is accepted, UTC."""
    reason: TextField


class BaselineDocument(YamlModel):
    """A baseline file."""

    api_version: Literal["keyproof/v1"] = Field(alias="apiVersion")
    kind: Literal["Baseline"]
    findings: tuple[EntryDocument, ...]


def load_baseline(path: Path) -> tuple[BaselineEntry, ...]:
    """The entries of the file, in its order. Raises PolicyError with every problem at its line and column."""
    document = read(path, error=PolicyError)
    if not isinstance(document.data, dict):
        hint = f"begin with 'apiVersion: {API_VERSION}' and 'kind: Baseline'"
        raise PolicyError.of([document.problem((), "is not a baseline file", hint)])
    model = validate(document, BaselineDocument, error=PolicyError)
    if problems := _repeated(model, document):
        raise PolicyError.of(problems)
    return tuple(
        BaselineEntry(
            id=entry.id,
            rule=entry.rule,
            subject=entry.subject,
            owner=entry.owner,
            until=entry.until,
            reason=entry.reason,
            place=SourceLine(path=document.path, line=document.place(("findings", index))[0]),
        )
        for index, entry in enumerate(model.findings)
    )


def _repeated(model: BaselineDocument, document: YamlDocument) -> list[Problem]:
    first: dict[str, int] = {}
    problems = []
    for index, entry in enumerate(model.findings):
        if (other := first.setdefault(entry.id, index)) != index:
            line = document.place(("findings", other))[0]
            problems.append(
                document.problem(
                    ("findings", index, "id"),
                    f"the finding '{entry.id}' stands twice",
                    f"it first stands on line {line}; keep one",
                )
            )
    return problems


def baseline_text(entries: Sequence[BaselineEntry]) -> str:
    """The file that holds `entries`, sorted so that a review shows what changed and nothing else."""
    lines = [_HEAD.rstrip()]
    lines.append("findings:" if entries else "findings: []")
    for entry in sorted(entries, key=lambda entry: (entry.rule, entry.subject, entry.id)):
        lines += [
            f'  - id: "{entry.id}"',
            f"    rule: {quoted(entry.rule)}",
            f"    subject: {quoted(entry.subject)}",
            f"    owner: {quoted(entry.owner)}",
            f"    until: {entry.until.isoformat()}",
            f"    reason: {quoted(entry.reason)}",
        ]
    return "\n".join(lines) + "\n"
