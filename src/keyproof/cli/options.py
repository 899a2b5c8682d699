"""The options that commands share, each described once."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

import typer

from keyproof.cli import log
from keyproof.cli.surroundings import moment
from keyproof.domain.baseline import BaselineEntry
from keyproof.domain.verdict import Severity
from keyproof.errors import ConfigError
from keyproof.policy.baseline import load_baseline
from keyproof.strict_yaml import did_you_mean
from keyproof.wiring.catalog import REPORTERS


class FailOn(StrEnum):
    """The lowest severity that fails a run."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NEVER = "never"

    @property
    def severity(self) -> Severity | None:
        """The severity, or None for never."""
        return None if self is FailOn.NEVER else Severity(self.value)


class Where(StrEnum):
    """Where the sources are read."""

    LOCAL = "local"
    DASK = "dask"


Config = Annotated[
    Path | None,
    typer.Option(
        "--config", help="The configuration file; default: keyproof.yaml here or above.", metavar="FILE"
    ),
]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", help="Judge as if it were this day or time (UTC); default: now.", metavar="DATE"),
]
Formats = Annotated[
    list[str] | None,
    typer.Option(
        "--format",
        help=f"A result as FORMAT or FORMAT=PATH; repeatable; without a path on stdout. {', '.join(sorted([*REPORTERS, 'pdf']))}.",
        metavar="FORMAT[=PATH]",
    ),
]
Out = Annotated[
    Path | None, typer.Option("--out", help="Write all default formats into this folder.", metavar="DIR")
]
FailOnOption = Annotated[
    FailOn, typer.Option("--fail-on", help="The lowest severity that gives exit code 1.")
]
Sources = Annotated[
    list[str] | None, typer.Option("--source", help="Read only this source; repeatable.", metavar="ID")
]
Rules = Annotated[
    list[str] | None, typer.Option("--rule", help="Judge only by this rule; repeatable.", metavar="ID")
]
Frameworks = Annotated[
    list[str] | None,
    typer.Option("--framework", help="Judge only rules mapped to this framework; repeatable.", metavar="ID"),
]
Jobs = Annotated[int, typer.Option("--jobs", min=1, max=256, help="How many scopes are read at a time.")]
ExecutorOption = Annotated[
    Where,
    typer.Option(
        "--executor",
        help="Read the sources here, or on the Dask cluster that DASK_SCHEDULER_ADDRESS names.",
    ),
]
AllowIncomplete = Annotated[
    bool,
    typer.Option("--allow-incomplete", help="Exit 0 instead of 3 when something could not be looked at."),
]
Baseline = Annotated[
    Path | None,
    typer.Option(
        "--baseline",
        help="Accept what this file of `keyproof baseline` names, until its end.",
        metavar="FILE",
    ),
]
NoStore = Annotated[bool, typer.Option("--no-store", help="Do not record this run in the run ledger.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No summary.")]
Verbose = Annotated[
    int,
    typer.Option(
        "--verbose",
        "-v",
        count=True,
        callback=log.show,
        help="Tell on stderr what is read and waited for; -vv each question too. Or KEYPROOF_LOG_LEVEL.",
        show_default=False,
        metavar="",
    ),
]
NoProgress = Annotated[bool, typer.Option("--no-progress", help="No progress bar.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """How a run is judged, as the options say."""

    as_of: datetime
    fail_on: Severity | None
    rules: tuple[str, ...]
    """Ids of the only rules wanted; empty means all."""
    frameworks: tuple[str, ...]
    """Ids of the only frameworks wanted; empty means all."""
    allow_incomplete: bool
    baseline: tuple[BaselineEntry, ...] = ()
    """What failed before and is given time."""

    @classmethod
    def asked(
        cls,
        *,
        as_of: str | None,
        fail_on: FailOn = FailOn.NEVER,
        rules: list[str] | None = None,
        frameworks: list[str] | None = None,
        allow_incomplete: bool = False,
        baseline: Path | None = None,
    ) -> Self:
        """Read the options as they were given. Raises ConfigError for a day that is none or a broken baseline."""
        return cls(
            as_of=parse_as_of(as_of),
            fail_on=fail_on.severity,
            rules=tuple(rules or ()),
            frameworks=tuple(frameworks or ()),
            allow_incomplete=allow_incomplete,
            baseline=load_baseline(baseline) if baseline else (),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One result to write."""

    format: str
    path: Path | None
    """None for stdout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Which results are written where, as the options say."""

    targets: list[Target]
    out: Path | None
    quiet: bool


def parse_formats(texts: list[str] | None, known: list[str]) -> list[Target]:
    """Read `--format` values. Raises ConfigError for an unknown format or two on stdout."""
    targets = []
    for text in texts or []:
        name, _, path = text.partition("=")
        if name not in known:
            raise ConfigError(f"--format: unknown format '{name}'", hint=did_you_mean(name, sorted(known)))
        targets.append(Target(format=name, path=None if path in {"", "-"} else Path(path)))
        if name == "pdf" and targets[-1].path is None:
            raise ConfigError("--format: a PDF cannot go to stdout", hint="name its file: pdf=keyproof.pdf")
    if sum(target.path is None for target in targets) > 1:
        raise ConfigError(
            "--format: only one result can go to stdout", hint="give the others a path: FORMAT=PATH"
        )
    return targets


def parse_as_of(text: str | None) -> datetime:
    """Read `--as-of`. Raises ConfigError when it is no day or time."""
    try:
        return moment(text)
    except ValueError:
        hint = "write 2025-10-05 or 2025-10-05T12:00:00Z"
        raise ConfigError(f"--as-of: '{text}' is not a day or time", hint=hint) from None
