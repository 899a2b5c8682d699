"""`keyproof leaks`: search repositories and folders for secrets, without any policy file."""

import os
import sys
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from keyproof import config
from keyproof.app.assess import Request, assess
from keyproof.app.leaks import gather
from keyproof.checks.no_leak import NoLeak
from keyproof.cli import options
from keyproof.cli.exit import ExitCode
from keyproof.cli.gate import confidences, gates
from keyproof.cli.leak_explanation import lines
from keyproof.cli.output import write_file, write_stdout
from keyproof.cli.progress import TerminalProgress
from keyproof.cli.recording import recorder
from keyproof.cli.surroundings import surroundings, version
from keyproof.domain.assessment import Assessment
from keyproof.domain.leak import Coverage, LeakConfidence, LeakScan
from keyproof.domain.ledger import Command
from keyproof.domain.policy import Policy
from keyproof.domain.snapshot import Snapshot
from keyproof.domain.verdict import Severity
from keyproof.errors import ConfigError
from keyproof.policy.loader import load_policy
from keyproof.ports import LeakSource
from keyproof.reporters.leaks import render_json, render_jsonl, render_text
from keyproof.wiring.catalog import CHECKS, REPORTERS
from keyproof.wiring.compose import repository_name
from keyproof.wiring.leaks import (
    Search,
    explained,
    leak_sources,
    repository_root,
    secrets_baseline,
    told_of_rules,
)

_LINES = {"json": render_json, "jsonl": render_jsonl, "text": render_text}
_REPORTS = sorted(set(REPORTERS) - set(_LINES))
"""Formats that know findings only: the shipped pack `leaks` judges for them."""


def leaks(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Repositories or folders; default: here.")
    ] = None,
    worktree: Annotated[
        bool, typer.Option("--worktree", help="The files as they lie there, git or not.")
    ] = False,
    staged: Annotated[bool, typer.Option("--staged", help="What the index would commit.")] = False,
    commit_range: Annotated[
        str | None, typer.Option("--range", help="What B has and A has not.", metavar="A..B")
    ] = None,
    new_to: Annotated[
        str,
        typer.Option("--new-to", help="With --range: leave out what this remote has.", metavar="REMOTE"),
    ] = "",
    submodules: Annotated[
        bool, typer.Option("--submodules", help="Search checked-out submodules too, each as a repository.")
    ] = False,
    formats: options.Formats = None,
    possible: Annotated[
        bool, typer.Option("--possible", help="Let possible leaks fail the run too.")
    ] = False,
    detect_secrets: Annotated[
        bool,
        typer.Option(
            "--detect-secrets", help="Let detect-secrets' plugins look too; what only they see is possible."
        ),
    ] = False,
    rules: Annotated[
        list[Path] | None,
        typer.Option(
            "--rules",
            help="Let the rules of a gitleaks, Betterleaks, Kingfisher, Nosey Parker or CredSweeper file look too.",
            metavar="FILE",
        ),
    ] = None,
    largest: Annotated[
        int,
        typer.Option("--largest", min=1, max=2048, help="Larger blobs and files are skipped.", metavar="MIB"),
    ] = 32,
    archives: Annotated[
        bool,
        typer.Option("--archives/--no-archives", help="Look into archives, documents and notebooks."),
    ] = True,
    follow_deltas: Annotated[
        bool,
        typer.Option(
            "--follow-deltas/--no-follow-deltas",
            help="Search packs along their deltas; the result is the same, only slower without.",
        ),
    ] = True,
    jobs: Annotated[
        int, typer.Option("--jobs", min=0, max=256, help="Processes for a history; 0: one a core.")
    ] = 0,
    cache: Annotated[
        bool,
        typer.Option("--cache/--no-cache", help="Use what earlier searches found where nothing changed."),
    ] = True,
    explain: Annotated[
        str | None,
        typer.Option(
            "--explain",
            help="Search nothing: say what each detector makes of this line, FILE:LINE or COMMIT:FILE:LINE.",
            metavar="PLACE",
        ),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            "--secrets-baseline",
            help="Write a baseline for detect-secrets of the files as they lie there. It holds unsalted digests.",
            metavar="FILE",
        ),
    ] = None,
    as_of: options.AsOf = None,
    allow_incomplete: options.AllowIncomplete = False,
    no_store: options.NoStore = False,
    _verbose: options.Verbose = 0,
    no_progress: options.NoProgress = False,
) -> None:
    """Search every stored object of the full history, all refs, the index and the work tree.

    Where there is a keyproof.yaml here or above, a search of the history is recorded in its run ledger.
    Exit codes: 0 none found, 1 a proven or likely secret found, 3 not everything could be searched.
    """
    targets = options.parse_formats(formats, sorted([*_LINES, *_REPORTS])) or [
        options.Target(format="text", path=None)
    ]
    now = options.parse_as_of(as_of)
    if new_to and commit_range is None:
        raise ConfigError("--new-to says what of a range is not new", hint="give --range as well")
    if submodules and (worktree or staged or commit_range is not None):
        raise ConfigError("--submodules goes with the search of a whole history", hint="leave the others out")
    search = Search(
        mode=_mode(worktree=worktree, staged=staged, commit_range=commit_range),
        largest=largest << 20,
        archives=archives,
        submodules=submodules,
        new_to=new_to,
        follow_deltas=follow_deltas,
        jobs=jobs,
        detect_secrets=detect_secrets,
        rules=tuple(rules or ()),
        remember=cache,
        from_hook="GIT_QUARANTINE_PATH" in os.environ,  # set by git for a pre-receive hook
    )
    for line in told_of_rules(search.rules) if search.rules else ():
        print(f"keyproof: {line}", file=sys.stderr)
    if explain is not None or baseline:
        _instead(paths or [Path.cwd()], search, explain=explain, baseline=baseline)
        raise typer.Exit(ExitCode.OK)
    found = paths or [Path.cwd() if worktree else repository_root(Path.cwd())]
    with TerminalProgress(enabled=not no_progress) as bars:
        scans = [source.scan(bars) for path in found for source in _sources(path, search)]
    gate = confidences(possible=possible)
    if search.mode == "history" and not no_store:
        _record(scans, gate, allow_incomplete=allow_incomplete)
    for target in targets:
        if target.format in _LINES:
            text = _LINES[target.format](scans)
        else:
            text = REPORTERS[target.format]().render(_judged(scans, gate, now).assessment)
        if target.path is None:
            write_stdout(text)
        else:
            write_file(target.path, text)
    raise typer.Exit(_exit_code(scans, gate, allow_incomplete=allow_incomplete))


def _instead(paths: list[Path], search: Search, *, explain: str | None, baseline: Path | None) -> None:
    """What is done instead of a search."""
    if len(paths) > 1 or (explain is not None and baseline):
        raise ConfigError(
            "--explain and --secrets-baseline are each of one folder", hint="ask for one, of one folder"
        )
    world = surroundings(paths[0])
    if explain is not None:
        write_stdout("\n".join(lines(explain, explained(explain, search, world))))
    if baseline:
        write_file(baseline, secrets_baseline(paths[0], search, world))


def _mode(*, worktree: bool, staged: bool, commit_range: str | None) -> str:
    if worktree + staged + (commit_range is not None) > 1:
        raise ConfigError("--worktree, --staged and --range exclude each other", hint="name one of them")
    if commit_range is not None:
        return f"range {commit_range}"
    return "worktree" if worktree else "staged" if staged else "history"


def _sources(path: Path, search: Search) -> list[LeakSource]:
    return leak_sources(path, search, name=repository_name(path), surroundings=surroundings(path))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    policy: Policy
    snapshot: Snapshot
    assessment: Assessment


def _judged(
    scans: list[LeakScan],
    gate: frozenset[LeakConfidence],
    now: datetime,
    *,
    organisation: str = "Leak search",
    config_digest: str = "",
    allow_incomplete: bool = False,
) -> _Judged:
    """The scans judged by the shipped pack `leaks` at `now`."""
    shipped = load_policy(["leaks"], root=Path.cwd(), checks=CHECKS)
    pack = shipped.packs[0]
    check = NoLeak(confidence=tuple(sorted(gate)))
    rules = tuple(replace(rule, check=check) for rule in pack.rules)
    policy = replace(shipped, packs=(replace(pack, rules=rules),))
    found = gather(scans, places={})
    snapshot = Snapshot(
        taken_at=now, secrets=(), leaks=found.leaks, repositories=found.repositories, scopes=found.scopes
    )
    request = Request(
        as_of=now,
        organisation=organisation,
        config_digest=config_digest,
        version=version(),
        fail_on=Severity.LOW,
        allow_incomplete=allow_incomplete,
    )
    assessment = assess(snapshot, policy, request, finished=now)
    return _Judged(policy=policy, snapshot=snapshot, assessment=assessment)


def _record(scans: list[LeakScan], gate: frozenset[LeakConfidence], *, allow_incomplete: bool) -> None:
    """Record the run in the ledger of the keyproof.yaml here or above, when there is one. Raises StoreError."""
    world = surroundings(Path.cwd())
    try:
        file = config.find(Path.cwd())
    except ConfigError:
        return
    try:
        settings = config.load(file, world.environ)
    except ConfigError as error:
        print(f"keyproof: this run is not recorded: {error.message}", file=sys.stderr)
        return
    judged = _judged(
        scans,
        gate,
        world.clock.now(),
        organisation=settings.organisation,
        config_digest=settings.digest,
        allow_incomplete=allow_incomplete,
    )
    with recorder(settings, judged.policy, Command.LEAKS, no_store=False) as recording:
        recording.record(judged.snapshot, judged.assessment)


def _exit_code(scans: list[LeakScan], gate: frozenset[LeakConfidence], *, allow_incomplete: bool) -> ExitCode:
    if any(gates(leak, gate) for scan in scans for leak in scan.leaks):
        return ExitCode.FAILED
    complete = all(scan.coverage.complete and not _empty(scan.coverage) for scan in scans)
    return ExitCode.OK if complete or allow_incomplete else ExitCode.INCOMPLETE


def _empty(coverage: Coverage) -> bool:
    """Whether a range brought in nothing: what was asked to be searched is not there."""
    return coverage.mode.startswith("range ") and not coverage.commits
