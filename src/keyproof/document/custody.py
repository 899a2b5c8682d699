"""Where a policy document lets secrets be kept, which ones it names, and who may read them."""

import re
from collections.abc import Iterator

from keyproof.document.code import joined
from keyproof.document.facts import Kept, Named, Place, RoleAccess, Stored, Verb
from keyproof.document.outline import Form, Outline, Statement
from keyproof.document.schedule import environment_word
from keyproof.document.subjects import is_variable, variables
from keyproof.inventory.reading import Reading
from keyproof.inventory.table import Table
from keyproof.inventory.words import Field, header_field, header_words, looks_like_value

_PLACES: tuple[tuple[str, str], ...] = (
    ("aws-secrets-manager", r"aws secrets? manager"),
    ("azure-key-vault", r"azure key vault"),
    ("gcp-secret-manager", r"(?:google|gcp) (?:cloud )?secret manager"),
    ("vault", r"hashicorp vault|\bopenbao\b|(?<!key )\bvault\b"),
    ("kubernetes", r"(?:kubernetes|k8s) secrets?"),
    ("docker", r"docker secrets?"),
    ("dotenv", r"(?<!\w)\.env\b(?!\.)"),
    ("environment-variable", r"environment variables?"),
    ("kms", r"key management (?:service|system)|\bkms\b|\bhsm\b"),
    ("secret-manager", r"(?<!aws )(?<!google )(?<!gcp )secrets? manage(?:r|ment)(?: systems?| services?)?"),
    ("plain-text-file", r"plain[ -]?text"),
    ("encrypted-file", r"encrypted (?:configuration )?files?"),
)  # fmt: skip
_KINDS = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _PLACES)
_ENVIRONMENTS = re.compile(
    r"\b(production|prod|staging|development|dev|test|testing|qa|sandbox)\b", re.IGNORECASE
)
_FORBIDS = re.compile(
    r"\bdon.?ts?\b|\bnever\b|\bdo not\b|\bavoid\b|prohibited|forbidden|\bnot allowed\b|\bmust not\b",
    re.IGNORECASE,
)
_DONT = re.compile(r"^(?:don.?ts?|do not|never|avoid|prohibited|forbidden)$", re.IGNORECASE)
_PERMITS = re.compile(r"^(?:do|dos|allowed|permitted)$", re.IGNORECASE)
_USE = re.compile(r"^(?:always )?(?:use|keep|store)\b", re.IGNORECASE)
_NO_PLACE = re.compile(r"^no secrets? in (?:the )?", re.IGNORECASE)
_YES = frozenset(
    {
        "yes",
        "y",
        "true",
        "allow",
        "allowed",
        "full",
        "read",
        "write",
        "read/write",
        "x",
        "granted",
        "\N{CHECK MARK}",
    }
)
_NO = frozenset(
    {"no", "n", "false", "deny", "denied", "none", "-", "never", "\N{MULTIPLICATION SIGN}", "\N{BALLOT X}"}
)
_YES_SIGNS = frozenset(
    "\N{WHITE HEAVY CHECK MARK}\N{HEAVY CHECK MARK}\N{CHECK MARK}\N{BALLOT BOX WITH CHECK}\N{LARGE GREEN CIRCLE}"
)
_NO_SIGNS = frozenset(
    "\N{CROSS MARK}\N{HEAVY MULTIPLICATION X}\N{BALLOT X}\N{MULTIPLICATION X}\N{NO ENTRY}\N{NO ENTRY SIGN}\N{LARGE RED CIRCLE}\N{NEGATIVE SQUARED CROSS MARK}"
)
_ROLES = frozenset({"role", "roles", "team", "group", "who", "user", "persona", "principal", "user role"})
_COMMANDS: tuple[tuple[str, Verb, re.Pattern[str]], ...] = (
    ("aws-secrets-manager", Verb.CREATE, re.compile(r"aws secretsmanager create-secret\b.*?--name[ =](\S+)")),
    ("aws-secrets-manager", Verb.UPDATE, re.compile(r"aws secretsmanager (?:update-secret|put-secret-value)\b.*?--secret-id[ =](\S+)")),
    ("aws-secrets-manager", Verb.ROTATE, re.compile(r"aws secretsmanager rotate-secret\b.*?--secret-id[ =](\S+)")),
    ("azure-key-vault", Verb.CREATE, re.compile(r"az keyvault secret set\b.*?--name[ =](\S+)")),
    ("vault", Verb.CREATE, re.compile(r"(?:vault|bao) kv (?:put|patch) (?:-\S+ )*(\S+)")),
    ("gcp-secret-manager", Verb.CREATE, re.compile(r"gcloud secrets create (\S+)")),
    ("gcp-secret-manager", Verb.UPDATE, re.compile(r"gcloud secrets versions add (\S+)")),
    ("kubernetes", Verb.CREATE, re.compile(r"kubectl create secret \w[\w-]* (\S+)")),
)  # fmt: skip
_EVERY = re.compile(r"AutomaticallyAfterDays\W{1,4}(\d{1,4})")
_LONGEST = 200


def storage_kinds(text: str) -> tuple[str, ...]:
    """The places of storage that `text` names, each once."""
    return tuple(kind for kind, pattern in _KINDS if pattern.search(text))


def environments_in(text: str) -> tuple[str, ...]:
    """The environments that `text` names, in full words."""
    return tuple(dict.fromkeys(environment_word(found) for found in _ENVIRONMENTS.findall(text)))


def kept(outline: Outline, reading: Reading) -> Iterator[Kept]:
    """Places of storage that are allowed or forbidden: by table, by section, by lists of do and don't."""
    for row in reading.rows:
        if kinds := storage_kinds(row.storage):
            yield Kept(
                place=Place(path=outline.path, line=row.line), storage=kinds, subject=row.name, shown=row.storage,
                environments=tuple(environment_word(name) for name in row.environments),
            )  # fmt: skip
    for table in outline.tables.tables:
        yield from _environment_table(outline, table)
    for statement in outline.statements:
        if statement.form in {Form.ITEM, Form.TEXT}:
            yield from _told(outline, statement)


def _environment_table(outline: Outline, table: Table) -> Iterator[Kept]:
    fields = [header_field(header) for header in table.headers]
    if Field.STORAGE not in fields or not fields or fields[0] is not Field.ENVIRONMENT:
        return
    column = fields.index(Field.STORAGE)
    for row in table.rows:
        named, kinds = environments_in(row.cells[0]), storage_kinds(row.cells[column])
        if named and kinds:
            yield Kept(
                place=Place(path=outline.path, line=row.line),
                storage=kinds,
                environments=named,
                shown=row.cells[column],
            )


def _told(outline: Outline, statement: Statement) -> Iterator[Kept]:
    kinds = storage_kinds(statement.text)
    if not kinds:
        return
    titles = " ".join(heading.text for heading in statement.headings if heading.level > 1)
    place, shown = Place(path=outline.path, line=statement.line), statement.text
    told = _FORBIDS.search(statement.heading) and not _USE.match(statement.text)
    against = _FORBIDS.match(statement.text) or _NO_PLACE.match(statement.text)
    forbidden = bool(_DONT.match(statement.heading) or told or against)
    if (
        forbidden
        or _PERMITS.match(statement.heading)
        or (_FORBIDS.search(statement.heading) and not forbidden)
    ):
        yield Kept(place=place, storage=kinds, allowed=not forbidden, shown=shown)
    elif re.search(r"stor(?:age|e|ing)\b", titles, re.IGNORECASE):
        named = next(
            (found for heading in reversed(statement.headings) if (found := environments_in(heading.text))),
            (),
        )
        if named:
            yield Kept(place=place, storage=kinds, environments=named, shown=shown)


def access(outline: Outline) -> Iterator[RoleAccess]:
    """Rows of matrices of roles and environments."""
    for table in outline.tables.tables:
        columns = {
            index: found[0]
            for index, header in enumerate(table.headers)
            if len(found := environments_in(header)) == 1
        }
        if len(columns) < 2 or not table.headers or header_words(table.headers[0]) not in _ROLES:
            continue
        for row in table.rows:
            decided = {name: _decision(row.cells[index]) for index, name in columns.items()}
            known = {name: decision for name, decision in decided.items() if decision is not None}
            if known and row.cells[0]:
                yield RoleAccess(
                    place=Place(path=outline.path, line=row.line), role=row.cells[0], environments=known
                )


def _decision(cell: str) -> bool | None:
    """Yes, no, or None for a cell that says neither."""
    if _NO_SIGNS.intersection(cell):
        return False
    if _YES_SIGNS.intersection(cell):
        return True
    words = cell.casefold().split()
    if not words:
        return None
    return True if words[0] in _YES else False if words[0] in _NO else None


def stored(outline: Outline) -> Iterator[Stored]:
    """Names of secrets in the document's own commands; placeholders are no names."""
    code = [statement for statement in outline.statements if statement.form is Form.CODE]
    for command in joined(code):
        text = " ".join(line.text.rstrip("\\").strip() for line in command)
        for backend, verb, pattern in _COMMANDS:
            found = pattern.search(text)
            if found is None:
                continue
            name = found[1].strip("\"'")
            if _is_name(name):
                line = next((line.line for line in command if found[1] in line.text), command[0].line)
                every = _EVERY.search(text)
                yield Stored(
                    place=Place(path=outline.path, line=line), name=name, backend=backend, verb=verb,
                    every=int(every[1]) if every else None,
                )  # fmt: skip


def _is_name(name: str) -> bool:
    last = re.split(r"[/:]", name)[-1]
    placeholder = re.search(r"[$<>*{}=]", name) or (last.isupper() and "/" in name)
    return bool(last) and not placeholder and len(name) <= _LONGEST and not looks_like_value(name)


def named(outline: Outline) -> Iterator[Named]:
    """Secrets that a list names, with what it says about them."""
    for statement in outline.statements:
        name = statement.text.partition(":")[0].strip()
        if statement.form is Form.ITEM and statement.label and is_variable(name):
            yield _named(outline, statement, name)


def mentions(outline: Outline) -> Iterator[Named]:
    """Variables that a step of a procedure replaces."""
    for statement in outline.statements:
        if statement.form is Form.ITEM and re.match(
            r"(?:update|rotate|replace|set)\b", statement.text, re.IGNORECASE
        ):
            yield from (_named(outline, statement, name) for name in variables(statement.text))


def _named(outline: Outline, statement: Statement, name: str) -> Named:
    above = statement.headings[-1].line if statement.headings else statement.line
    return Named(
        place=Place(path=outline.path, line=statement.line),
        name=name,
        context=f"{statement.value} {statement.heading}",
        section=Place(path=outline.path, line=above),
    )
