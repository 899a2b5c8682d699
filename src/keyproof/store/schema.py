"""All SQL of the run ledger: tables that are only ever added to, for SQLite and for PostgreSQL.

Rows are never changed or deleted; triggers refuse it, so that whoever wants to has to remove them first, and even
then the chain of digests tells. What is in a run is decided by `run.head`; the other columns and tables repeat it for
look-ups, and `verify` compares them.
"""

from typing import Final

APPLICATION_ID: Final = 0x6B70726F
"""SQLite's application_id of a ledger: `kpro`."""

TABLES: Final = (
    """
    CREATE TABLE part (
        digest {text} PRIMARY KEY,  -- sha256 of the content before compression, hex
        content {bytes} NOT NULL    -- canonical JSON, compressed by zlib
    ){strict}
    """,
    """
    CREATE TABLE run (
        number {integer} PRIMARY KEY CHECK (number > 0),  -- without holes
        digest {text} NOT NULL UNIQUE,   -- sha256 over previous, a line feed and head
        previous {text} NOT NULL UNIQUE, -- digest of the run before; zeros for the first
        head {text} NOT NULL             -- canonical JSON of the run's line, its parts by digest
    ){strict}
    """,
    """
    CREATE TABLE run_part (
        run {integer} NOT NULL REFERENCES run (number),
        name {text} NOT NULL,
        digest {text} NOT NULL REFERENCES part (digest),
        PRIMARY KEY (run, name)
    ){strict}
    """,
    """
    CREATE TABLE leak (
        id {text} PRIMARY KEY,
        run {integer} NOT NULL REFERENCES run (number)  -- the first that read it
    ){strict}
    """,
)
NAMES: Final = ("part", "run", "run_part", "leak")

LITE_TYPES: Final = {"text": "TEXT", "bytes": "BLOB", "integer": "INTEGER", "strict": " STRICT"}
POSTGRES_TYPES: Final = {"text": "text", "bytes": "bytea", "integer": "bigint", "strict": ""}

_LITE_KEY: Final = {"part": "digest", "run": "number", "run_part": "run", "leak": "id"}


def lite_migrations() -> tuple[tuple[str, ...], ...]:
    """The statements that lead from each version of the schema to the next."""
    return ((*(table.format(**LITE_TYPES) for table in TABLES), *_lite_triggers()),)


def _lite_triggers() -> tuple[str, ...]:
    refuse = "BEGIN SELECT RAISE(ABORT, 'the ledger is only added to'); END"
    triggers = [
        f"CREATE TRIGGER {name}_no_{verb} BEFORE {verb} ON {name} {refuse}"
        for name in NAMES
        for verb in ("UPDATE", "DELETE")
    ]
    # INSERT OR REPLACE deletes without asking the triggers for deletions.
    triggers += [
        f"CREATE TRIGGER {name}_no_replace BEFORE INSERT ON {name} "  # noqa: S608 (names of ours)
        f"WHEN EXISTS (SELECT 1 FROM {name} WHERE {_same(name)}) {refuse}"
        for name in NAMES
    ]
    return (*triggers, f"CREATE TRIGGER run_chained BEFORE INSERT ON run WHEN {_BREAKS_CHAIN} {_LITE_BROKEN}")


def _same(name: str) -> str:
    key = _LITE_KEY[name]
    also = " AND name = NEW.name" if name == "run_part" else ""
    other = " OR digest = NEW.digest OR previous = NEW.previous" if name == "run" else ""
    return f"{key} = NEW.{key}{also}{other}"


_BREAKS_CHAIN: Final = """
    NOT (NEW.number = 1 AND NOT EXISTS (SELECT 1 FROM run)
         AND NEW.previous = '0000000000000000000000000000000000000000000000000000000000000000')
    AND NOT EXISTS (SELECT 1 FROM run WHERE run.number = NEW.number - 1 AND run.digest = NEW.previous)
"""
_LITE_BROKEN: Final = "BEGIN SELECT RAISE(ABORT, 'the run does not follow the one before'); END"


def postgres_migrations() -> tuple[tuple[str, ...], ...]:
    """The statements that lead from each version of the schema to the next."""
    refuse = """
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the ledger is only added to'; END $$
    """
    chained = f"""
        CREATE FUNCTION chained() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF {_BREAKS_CHAIN} THEN RAISE EXCEPTION 'the run does not follow the one before'; END IF;
            RETURN NEW;
        END $$
    """
    triggers = [
        f"CREATE TRIGGER {name}_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON {name} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse()"
        for name in NAMES
    ]
    link = "CREATE TRIGGER run_chained BEFORE INSERT ON run FOR EACH ROW EXECUTE FUNCTION chained()"
    tables = (table.format(**POSTGRES_TYPES) for table in TABLES)
    return ((*tables, refuse, chained, *triggers, link),)


def guards(migrations: tuple[tuple[str, ...], ...]) -> frozenset[str]:
    """Names of the triggers that these statements make."""
    statements = (statement.split() for step in migrations for statement in step)
    return frozenset(words[2] for words in statements if words[:2] == ["CREATE", "TRIGGER"])


LITE_GUARDS: Final = "SELECT name FROM sqlite_schema WHERE type = 'trigger'"
POSTGRES_GUARDS: Final = """
    SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
    WHERE relnamespace = 'keyproof'::regnamespace AND NOT tgisinternal AND tgenabled <> 'D'
"""

INSERT_PART: Final = "INSERT INTO part (digest, content) VALUES (?, ?)"
INSERT_RUN: Final = "INSERT INTO run (number, digest, previous, head) VALUES (?, ?, ?, ?)"
INSERT_RUN_PART: Final = "INSERT INTO run_part (run, name, digest) VALUES (?, ?, ?)"
INSERT_LEAK: Final = "INSERT INTO leak (id, run) VALUES (?, ?)"

LAST_RUN: Final = "SELECT number, digest FROM run ORDER BY number DESC LIMIT 1"
RUNS: Final = "SELECT number, digest, previous, head FROM run ORDER BY number"
HAS_PART: Final = "SELECT 1 FROM part WHERE digest = ?"
PART: Final = "SELECT content FROM part WHERE digest = ?"
PARTS: Final = "SELECT digest FROM part ORDER BY digest"
RUN_PARTS: Final = "SELECT run, name, digest FROM run_part ORDER BY run, name"
LEAKS: Final = "SELECT id, run FROM leak ORDER BY id"
LEAK: Final = "SELECT run.head FROM leak JOIN run ON run.number = leak.run WHERE leak.id = ?"
