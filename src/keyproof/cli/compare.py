"""`keyproof compare`: the report of the scanner used so far beside our own search, each difference explained."""

from pathlib import Path
from typing import Annotated, Any

import typer

from keyproof.app.compare import Comparison
from keyproof.app.compare import compare as side_by_side
from keyproof.cli import options
from keyproof.cli.exit import ExitCode
from keyproof.cli.gate import confidences, gates
from keyproof.cli.output import write_stdout
from keyproof.cli.progress import TerminalProgress
from keyproof.cli.runs import Form, FormOption
from keyproof.cli.runs_data import to_json
from keyproof.cli.runs_text import table
from keyproof.cli.surroundings import surroundings
from keyproof.domain.foreign import ForeignFinding
from keyproof.domain.wording import count
from keyproof.errors import ConfigError
from keyproof.leaks.foreign_report import TOOLS, read_report
from keyproof.report.visible import visible
from keyproof.strict_yaml import did_you_mean
from keyproof.wiring.commits import stored_commits
from keyproof.wiring.compose import repository_name
from keyproof.wiring.leaks import Search, leak_source, repository_root

_SHOWN = 50
"""Rows of each group; JSON holds all of them."""


def compare(
    report: Annotated[Path, typer.Argument(help="The other scanner's report.", metavar="REPORT")],
    tool: Annotated[
        str, typer.Option("--with", help=f"Whose report it is: {', '.join(TOOLS)}.", metavar="TOOL")
    ],
    path: Annotated[
        Path | None, typer.Argument(help="The repository or folder it is about; default: here.")
    ] = None,
    worktree: Annotated[
        bool, typer.Option("--worktree", help="The report is about the files as they lie there.")
    ] = False,
    possible: Annotated[bool, typer.Option("--possible", help="Report possible leaks too.")] = False,
    detect_secrets: Annotated[
        bool, typer.Option("--detect-secrets", help="Let detect-secrets' plugins look too.")
    ] = False,
    form: FormOption = Form.TEXT,
    no_progress: options.NoProgress = False,
) -> None:
    """Search the repository, and say for each place of either report whether the other has it, and if not, why.

    Exit codes: 0 whatever differs, 2 the report cannot be read, 3 our own search could not look at everything.
    """
    if tool not in TOOLS:
        raise ConfigError(f"--with: unknown scanner '{tool}'", hint=did_you_mean(tool, sorted(TOOLS)))
    root = path or (Path.cwd() if worktree else repository_root(Path.cwd()))
    theirs = read_report(tool, report, root=root)
    world = surroundings(root)
    search = Search(mode="worktree" if worktree else "history", detect_secrets=detect_secrets)
    source = leak_source(root, search, name=repository_name(root), surroundings=world)
    with TerminalProgress(enabled=not no_progress) as bars:
        scans = [source.scan(bars)]
    reported = confidences(possible=possible)
    found = side_by_side(
        theirs,
        scans,
        fails=lambda leak: gates(leak, reported),
        stored=lambda ids: stored_commits(root, ids, world),
    )
    write_stdout(to_json(_data(found)) if form is Form.JSON else _page(found, tool))
    raise typer.Exit(ExitCode.OK if found.complete else ExitCode.INCOMPLETE)


def _page(found: Comparison, tool: str) -> str:
    theirs = [(_place(one.theirs), one.theirs.rule, one.because) for one in found.theirs_only]
    ours = [
        (f"{one.where.path}:{one.where.line}", one.ours.detector, f"{one.ours.confidence}: {one.because}")
        for one in found.ours_only
    ]
    apart = f"{count(len(theirs), 'place')}, {len(found.unexplained)} of them to be looked at"
    lines = [
        f"Found by both: {count(len(found.both), 'place')}",
        "",
        f"Only in the report of {visible(tool)}: {apart}",
        *_rows("rule", theirs),
        "",
        f"Only here: {count(len(ours), 'leak')}",
        *_rows("detector", ours),
    ]
    return "\n".join(lines) + "\n"


def _rows(kind: str, rows: list[tuple[str, str, str]]) -> list[str]:
    if not rows:
        return []
    shown = table(("  place", kind, ""), [(f"  {place}", *rest) for place, *rest in rows[:_SHOWN]])
    more = len(rows) - _SHOWN
    return [*shown, f"  and {more} more: --format json"] if more > 0 else shown


def _place(one: ForeignFinding) -> str:
    return f"{one.path}:{one.line}" + (f" in {one.commit[:12]}" if one.commit else "")


def _data(found: Comparison) -> dict[str, Any]:
    return {
        "both": [{**_theirs(one.theirs), "leak": one.ours.id} for one in found.both],
        "theirs_only": [
            {**_theirs(one.theirs), "because": one.because, "leak": one.ours.id if one.ours else None}
            for one in found.theirs_only
        ],
        "ours_only": [
            {
                "leak": one.ours.id,
                "detector": one.ours.detector,
                "confidence": one.ours.confidence,
                "path": one.where.path,
                "line": one.where.line,
                "commit": one.where.commit,
                "because": one.because,
            }
            for one in found.ours_only
        ],
        "complete": found.complete,
    }


def _theirs(one: ForeignFinding) -> dict[str, Any]:
    return {"path": one.path, "line": one.line, "commit": one.commit or None, "rule": one.rule}
