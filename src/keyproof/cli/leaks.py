"""`keyproof leaks`: search repositories and folders for secrets, without any policy file."""

from pathlib import Path
from typing import Annotated

import typer

from keyproof.cli import options
from keyproof.cli.exit import ExitCode
from keyproof.cli.gate import gates
from keyproof.cli.output import write_file, write_stdout
from keyproof.cli.progress import TerminalProgress
from keyproof.cli.surroundings import surroundings
from keyproof.domain.leak import LeakScan
from keyproof.errors import ConfigError
from keyproof.reporters.leaks import render_json, render_jsonl, render_text
from keyproof.wiring.compose import repository_name
from keyproof.wiring.leaks import leak_source, repository_root

_FORMATS = {"json": render_json, "jsonl": render_jsonl, "text": render_text}


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
    found = paths or [Path.cwd() if worktree else repository_root(Path.cwd())]
    scans = [_scan(path, mode, progress=not no_progress) for path in found]
    for target in targets:
        text = _FORMATS[target.format](scans)
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
    world = surroundings(path)
    received = "GIT_QUARANTINE_PATH" in world.environ  # set by git for a pre-receive hook
    source = leak_source(path, name=repository_name(path), mode=mode, surroundings=world, from_hook=received)
    with TerminalProgress(enabled=progress) as bars:
        return source.scan(bars)


def _exit_code(scans: list[LeakScan], *, possible: bool, allow_incomplete: bool) -> ExitCode:
    if any(gates(leak, possible=possible) for scan in scans for leak in scan.leaks):
        return ExitCode.FAILED
    complete = all(scan.coverage.complete for scan in scans)
    return ExitCode.OK if complete or allow_incomplete else ExitCode.INCOMPLETE
