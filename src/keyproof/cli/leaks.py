"""`keyproof leaks`: search repositories and folders for secrets, without any policy file."""

from pathlib import Path
from typing import Annotated

import typer

from keyproof.cli import options
from keyproof.cli.exit import ExitCode
from keyproof.cli.output import write_file, write_stdout
from keyproof.cli.progress import TerminalProgress
from keyproof.cli.surroundings import surroundings
from keyproof.domain.leak import Leak, LeakConfidence, LeakScan
from keyproof.errors import ConfigError
from keyproof.reporters import leak_lines
from keyproof.wiring.compose import repository_name
from keyproof.wiring.leaks import leak_source

_FORMATS = {"json": leak_lines.as_json, "jsonl": leak_lines.as_jsonl, "text": leak_lines.as_text}
_GATED = frozenset({LeakConfidence.PROVEN, LeakConfidence.LIKELY})


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
    formats: options.Formats = None,
    possible: Annotated[
        bool, typer.Option("--possible", help="Let possible leaks fail the run too.")
    ] = False,
    allow_incomplete: options.AllowIncomplete = False,
    no_progress: options.NoProgress = False,
) -> None:
    """Search every stored object of the full history, all refs, the index and the work tree.

    Exit codes: 0 none found, 1 a proven or likely secret found, 3 not everything could be searched.
    """
    targets = options.parse_formats(formats, sorted(_FORMATS)) or [options.Target(format="text", path=None)]
    mode = _mode(worktree=worktree, staged=staged, commit_range=commit_range)
    scans = [_scan(path, mode, progress=not no_progress) for path in paths or [Path()]]
    for target in targets:
        text = "".join(_FORMATS[target.format](scan) for scan in scans)
        if target.path is None:
            write_stdout(text)
        else:
            write_file(target.path, text)
    raise typer.Exit(_exit_code(scans, possible=possible, allow_incomplete=allow_incomplete))


def _mode(*, worktree: bool, staged: bool, commit_range: str | None) -> str:
    if worktree + staged + (commit_range is not None) > 1:
        raise ConfigError("--worktree, --staged and --range exclude each other", hint="name one of them")
    if commit_range is not None:
        return f"range {commit_range}"
    return "worktree" if worktree else "staged" if staged else "history"


def _scan(path: Path, mode: str, *, progress: bool) -> LeakScan:
    source = leak_source(path, name=repository_name(path), mode=mode, surroundings=surroundings(path))
    with TerminalProgress(enabled=progress) as bars:
        return source.scan(bars)


def gates(leak: Leak, *, possible: bool = False) -> bool:
    """Whether a leak fails the run: proven or likely, and accepted by nothing."""
    return leak.allowed is None and (
        leak.confidence in _GATED or (possible and leak.confidence is LeakConfidence.POSSIBLE)
    )


def _exit_code(scans: list[LeakScan], *, possible: bool, allow_incomplete: bool) -> ExitCode:
    if any(gates(leak, possible=possible) for scan in scans for leak in scan.leaks):
        return ExitCode.FAILED
    complete = all(scan.coverage.complete for scan in scans)
    return ExitCode.OK if complete or allow_incomplete else ExitCode.INCOMPLETE
