"""`keyproof policy import`: written policies of people as packs, with what contradicts itself in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from keyproof.cli.exit import ExitCode
from keyproof.cli.output import write_file, write_stdout
from keyproof.document.contradiction import Contradiction
from keyproof.document.facts import PolicyText
from keyproof.document.finding import contradictions
from keyproof.document.reading import read_document
from keyproof.document.rules import Draft, draft
from keyproof.document.subjects import slug
from keyproof.document.writing import configuration_text, inventory_text, pack_text
from keyproof.domain.wording import count
from keyproof.errors import ConfigError, Problem
from keyproof.fields import KebabField
from keyproof.wiring.catalog import CHECKS

_SNIPPET = "keyproof.snippet.yaml"
_NOTES = "notes.md"
_MAX_BYTES = 1_000_000
"""A policy is read by people; what is larger is something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Imported:
    """One document on its way to files."""

    id: str
    draft: Draft
    inventory: str

    @property
    def pack(self) -> str:
        return pack_text(self.draft, id=self.id)

    @property
    def pack_file(self) -> str:
        return f"{self.id}.yaml"

    @property
    def inventory_file(self) -> str:
        return f"{self.id}-inventory.yaml" if self.inventory else ""


def policy_import(
    documents: Annotated[
        list[Path], typer.Argument(help="Written policies in Markdown or plain text.", metavar="DOCUMENT…")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the files into this folder.", metavar="DIR")
    ] = None,
    pack_id: Annotated[
        str | None, typer.Option("--id", help="Id of the pack; default: made from the title.", metavar="ID")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are already there.")] = False,
) -> None:
    """Make a pack of every written policy, and name what contradicts itself. Exit 1 on contradictions, 2 when unreadable.

    Without --out the pack is printed, and the notes go to stderr; with it, an inventory, a snippet for
    keyproof.yaml and the notes are written as well.
    """
    texts = _read(documents)
    imported = _draft(texts, pack_id)
    found = contradictions(texts)
    notes = _notes(imported, found)
    if out is None:
        write_stdout("---\n".join(one.pack for one in imported))
        typer.echo(notes, err=True, nl=False)
    else:
        _write(out, imported, notes, force=force)
        typer.echo(_summary(imported, found), err=True)
    raise typer.Exit(ExitCode.FAILED if found else ExitCode.OK)


def _read(documents: Sequence[Path]) -> list[PolicyText]:
    """Every document, or ConfigError with what is wrong with each."""
    texts: list[PolicyText] = []
    problems: list[Problem] = []
    for path in dict.fromkeys(documents):
        try:
            raw = path.read_bytes()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "cannot be read"
            problems.append(Problem(path=str(path), message=reason, hint="check the path"))
            continue
        if problem := _unfit(path, raw):
            problems.append(problem)
        else:
            texts.append(read_document(raw.decode("utf-8-sig"), path=_shown(path)))
    if problems:
        raise ConfigError.of(problems)
    return texts


def _shown(path: Path) -> str:
    """The path as people find it: from the current folder where it lies below it."""
    folder = Path.cwd()
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _unfit(path: Path, raw: bytes) -> Problem | None:
    if len(raw) > _MAX_BYTES:
        return Problem(path=str(path), message=f"is larger than {_MAX_BYTES:,} bytes", hint="split the file")
    if b"\0" in raw:
        return Problem(path=str(path), message="is no text", hint="save the policy as Markdown or plain text")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return Problem(path=str(path), line=line, message="is not UTF-8", hint="save the file as UTF-8")
    return (
        None if text.strip() else Problem(path=str(path), message="is empty", hint="name the policy itself")
    )


def _draft(texts: Sequence[PolicyText], pack_id: str | None) -> list[_Imported]:
    if pack_id is not None:
        _check_id(pack_id, len(texts))
    imported: list[_Imported] = []
    problems: list[Problem] = []
    taken: set[str] = set()
    for text in texts:
        has_rows = bool(text.merged.secrets or text.named)
        made = draft(text, kinds=CHECKS, inventory=has_rows)
        if not made.rules:
            hint = "it states no period, grace, storage, access or deadline in a form that is known; see docs/how-to/import-a-policy.md"
            problems.append(Problem(path=text.path, message="nothing in it could be made a rule", hint=hint))
            continue
        wanted = pack_id or slug(text.about.title or Path(text.path).stem, otherwise="imported-policy")
        name, number = wanted, 2
        while name in taken:
            name, number = f"{wanted}-{number}", number + 1
        taken.add(name)
        imported.append(_Imported(id=name, draft=made, inventory=inventory_text(made)))
    if problems:
        raise ConfigError.of(problems)
    return imported


def _check_id(pack_id: str, documents: int) -> None:
    if documents > 1:
        raise ConfigError(
            "--id names one pack, but there are several documents",
            hint="import them one by one, or leave --id out",
        )
    try:
        TypeAdapter(KebabField).validate_python(pack_id)
    except ValidationError:
        raise ConfigError(
            f"--id: '{pack_id}' is no id", hint="write lower case words joined by hyphens"
        ) from None


def _write(out: Path, imported: Sequence[_Imported], notes: str, *, force: bool) -> None:
    files = {one.pack_file: one.pack for one in imported}
    files |= {one.inventory_file: one.inventory for one in imported if one.inventory}
    files[_SNIPPET] = configuration_text([(one.pack_file, one.id, one.inventory_file) for one in imported])
    files[_NOTES] = notes
    taken = [name for name in files if (out / name).exists()]
    if taken and not force:
        raise ConfigError(
            f"{', '.join(taken)} already in {out}", hint="keep them, or write them anew with --force"
        )
    for name, text in files.items():
        write_file(out / name, text)
        typer.echo(f"wrote {out / name}")


def _notes(imported: Sequence[_Imported], found: Sequence[Contradiction]) -> str:
    lines = [_summary(imported, found), "", "# Contradictions", ""]
    lines += [f"- {one}" for one in found] or ["None found."]
    lines += ["", "# Not turned into a check", ""]
    lines += [
        f"- {part.place}: {part.text}: {part.reason}" for one in imported for part in one.draft.unread
    ] or ["Everything that demands something became a rule."]
    return "\n".join(lines) + "\n"


def _summary(imported: Sequence[_Imported], found: Sequence[Contradiction]) -> str:
    rules = sum(len(one.draft.rules) for one in imported)
    unread = sum(len(one.draft.unread) for one in imported)
    read = f"{count(len(imported), 'document')}, {count(rules, 'rule')}"
    return f"{read}; {count(len(found), 'contradiction')}; {count(unread, 'statement')} became no check"
