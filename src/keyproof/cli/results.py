"""Writing an assessment in every format asked for, and the summary a person reads."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from keyproof.cli import pdf
from keyproof.cli.options import Target
from keyproof.cli.output import write_bytes, write_file, write_stdout
from keyproof.domain.assessment import Assessment
from keyproof.reporters.html import HtmlReporter
from keyproof.reporters.text import TextReporter
from keyproof.wiring.catalog import REPORTERS

KNOWN_FORMATS = sorted([*REPORTERS, pdf.FORMAT])
"""What `--format` takes."""
DEFAULT_FORMATS = ("json", "junit", "html")
"""What `--out DIR` writes."""


def publish(
    assessment: Assessment,
    *,
    targets: list[Target],
    out: Path | None,
    quiet: bool,
    environ: Mapping[str, str],
) -> int:
    """Write every result, print the summary, and return the assessment's exit code.

    Raises OutputError when a file cannot be written.
    """
    written: list[Path] = []
    for target in _all_targets(targets, out):
        if target.path is not None:
            _write(target.path, target.format, assessment, environ)
            written.append(target.path)
    on_stdout = next((target for target in targets if target.path is None), None)
    if on_stdout is not None and on_stdout.format != "text":
        write_stdout(REPORTERS[on_stdout.format]().render(assessment))
    if not quiet or (on_stdout is not None and on_stdout.format == "text"):
        stream_is_free = on_stdout is None or on_stdout.format == "text"
        _summarise(assessment, written, to_stdout=stream_is_free, environ=environ)
    return assessment.summary.exit_code


def _write(path: Path, name: str, assessment: Assessment, environ: Mapping[str, str]) -> None:
    if name == pdf.FORMAT:
        write_bytes(path, pdf.pdf_of(HtmlReporter().render(assessment), environ))
    else:
        write_file(path, REPORTERS[name]().render(assessment))


def _all_targets(targets: list[Target], out: Path | None) -> list[Target]:
    if out is None:
        return targets
    default = [Target(format=name, path=out / REPORTERS[name].filename) for name in DEFAULT_FORMATS]
    return [*default, *targets]


def _summarise(
    assessment: Assessment, written: list[Path], *, to_stdout: bool, environ: Mapping[str, str]
) -> None:
    stream = sys.stdout if to_stdout else sys.stderr
    colour = stream.isatty() and not environ.get("NO_COLOR")
    width = os.get_terminal_size(stream.fileno()).columns if stream.isatty() else 100
    text = TextReporter(colour=colour, width=width).render(assessment)
    lines = "\n".join(f"  {path}" for path in written)
    whole = f"{text.rstrip()}\n" + (f"\nReports\n{lines}\n" if written else "")
    if to_stdout:
        write_stdout(whole)
    else:
        print(whole, file=sys.stderr, end="")
