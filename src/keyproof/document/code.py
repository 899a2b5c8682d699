"""The commands and lines of code that a policy document shows, each with the step it is told under."""

from collections.abc import Iterator, Sequence

from keyproof.document.facts import Command, Place
from keyproof.document.outline import Form, Outline, Statement

_COMMENTS = ("#", "//", "-- ")
_MOST_LINES = 40
_LONGEST = 4000
"""Characters of one command that are read."""


def commands(outline: Outline) -> Iterator[Command]:
    """Every command and line of code, its continued lines joined; a comment is kept with what follows it."""
    step: Statement | None = None
    block: list[Statement] = []
    for statement in outline.statements:
        if statement.form is Form.CODE:
            block.append(statement)
            continue
        yield from _block(outline, block, step)
        block = []
        if statement.form in {Form.HEADING, Form.ITEM}:
            step = statement
    yield from _block(outline, block, step)


def _block(outline: Outline, block: Sequence[Statement], step: Statement | None) -> Iterator[Command]:
    at = {line.line: line for line in block}
    for lines in joined(block):
        above = at.get(lines[0].line - 1)
        yield Command(
            place=Place(path=outline.path, line=lines[0].line),
            text=" ".join(line.text.rstrip("\\").strip() for line in lines)[:_LONGEST],
            comment=above.text if above and _is_comment(above) else "",
            step=step.text if step else "",
            step_place=Place(path=outline.path, line=step.line if step else lines[0].line),
        )


def joined(code: Sequence[Statement]) -> Iterator[list[Statement]]:
    """Lines that a backslash continues, together; comments left out."""
    command: list[Statement] = []
    for line in code:
        if _is_comment(line):
            continue
        goes_on = bool(command) and command[-1].text.endswith("\\") and line.line == command[-1].line + 1
        if command and (not goes_on or len(command) >= _MOST_LINES):
            yield command
            command = []
        command.append(line)
    if command:
        yield command


def _is_comment(line: Statement) -> bool:
    return line.text.startswith(_COMMENTS)
