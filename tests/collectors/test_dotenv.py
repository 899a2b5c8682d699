"""The .env collector: keys and the state of their file, never a value."""

import dataclasses
import json
import os
import subprocess
import traceback
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from keyproof.collectors.dotenv import DotenvCollector, DotenvConfig
from keyproof.domain.assessment import Collected, Gap, ScopeStatus
from keyproof.domain.secret import Encryption, SecretMetadata, SourceLine
from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError, BackendProtocolError, BackendUnreachableError, CollectError
from keyproof.ports import Surroundings
from tests.fakes.ports import FixedClock


def collector(root: Path, **config: object) -> DotenvCollector:
    world = Surroundings(root=root, environ={}, clock=FixedClock(), sleep=lambda _: None)
    return DotenvCollector("files", DotenvConfig.model_validate(config), world)


def collect(root: Path, **config: object) -> list[Collected]:
    reader = collector(root, **config)
    return [item for scope in reader.scopes() for item in reader.collect(scope)]


def secrets(items: Sequence[Collected]) -> list[SecretMetadata]:
    return [item for item in items if isinstance(item, SecretMetadata)]


def account(items: Sequence[Collected]) -> list[str]:
    return [f"{item.name}: {item.value}" for item in items if isinstance(item, Evidence)]


def write(root: Path, name: str, text: str = "API_KEY=x\n") -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    root.mkdir()
    git(root, "init", "-q", ".")
    return root


def git(folder: Path, *arguments: str) -> None:
    quiet = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "HOME": os.devnull,
    }
    subprocess.run(["git", *arguments], cwd=folder, env=quiet, check=True, capture_output=True)


def test_a_key_with_all_that_is_known_about_it(project: Path) -> None:
    write(project, "app/.env.production", "# note\nPORT=1\nexport API_KEY='x'\n")
    write(project, "app/.env.example", "API_KEY=\n")
    write(project, ".gitignore", ".env*\n!.env.example\n")
    (secret,) = secrets(collect(project))
    assert secret == SecretMetadata(
        id="dotenv://shop/app/.env.production#API_KEY",
        name="API_KEY",
        source="files",
        backend="dotenv",
        scope="app/.env.production",
        environment="production",
        encryption=Encryption(encrypted=False),
        attributes={"gitignored": True, "tracked": False, "example-file": True, "world-readable": False},
        unread={"facts": "a .env file keeps no dates"},
        place=SourceLine(path="app/.env.production", line=3),
    )


def test_a_tracked_file_is_told_although_it_is_ignored(project: Path) -> None:
    write(project, ".env").chmod(0o644)
    git(project, "add", ".env")
    write(project, ".gitignore", ".env\n")
    (secret,) = secrets(collect(project))
    assert secret.attributes == {
        "gitignored": True,
        "tracked": True,
        "example-file": False,
        "world-readable": True,
    }


def test_nested_and_private_ignore_rules_count(project: Path) -> None:
    write(project, ".env")
    write(project, "app/.env")
    write(project, "lib/.env")
    write(project, "app/.gitignore", "!.env\n")
    write(project, ".gitignore", "app/.env\n")
    (project / ".git" / "info").mkdir(exist_ok=True)
    write(project, ".git/info/exclude", "/.env\n")
    found = {secret.scope: secret.attributes["gitignored"] for secret in secrets(collect(project))}
    assert found == {".env": True, "app/.env": False, "lib/.env": False}


def test_outside_a_work_tree_nothing_is_said_about_git(tmp_path: Path) -> None:
    write(tmp_path, ".env")
    (secret,) = secrets(collect(tmp_path))
    assert secret.id == f"dotenv://{tmp_path.name}/.env#API_KEY"
    assert secret.attributes == {"example-file": False, "world-readable": False}
    reason = "the file lies in no git work tree"
    assert secret.unread == {"facts": "a .env file keeps no dates", "gitignored": reason, "tracked": reason}


def test_a_damaged_index_is_no_proof_of_anything(project: Path) -> None:
    write(project, ".env")
    (project / ".git" / "index").write_bytes(b"DIRC")
    (secret,) = secrets(collect(project))
    assert "tracked" not in secret.attributes
    assert "index" in secret.unread["tracked"]
    assert secret.attributes["gitignored"] is False


def test_an_unreadable_gitignore_is_no_proof_of_anything(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, ".env")
    write(project, ".gitignore", ".env\n")
    original = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == ".gitignore":
            raise PermissionError(13, "Permission denied")
        return original(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    (secret,) = secrets(collect(project))
    assert "gitignored" not in secret.attributes
    assert secret.unread["gitignored"] == "a .gitignore cannot be read: Permission denied"


def test_the_folder_tells_how_it_was_searched(tmp_path: Path) -> None:
    for name in (".env", "app/prod.env", "app/.env.example", "node_modules/x/.env", "docs/readme.md"):
        write(tmp_path, name)
    reader = collector(tmp_path)
    assert reader.scopes() == ["./", ".env", "app/prod.env"]
    assert account(list(reader.collect("./"))) == snapshot(
        [
            "searched: 3 folders for .env, .env.*, *.env: 2 files, 1 examples",
            "example, not read: app/.env.example",
            "excluded, not read: node_modules",
        ]
    )


def test_a_folder_without_env_files_is_still_accounted_for(tmp_path: Path) -> None:
    items = collect(tmp_path)
    assert account(items) == ["searched: 1 folders for .env, .env.*, *.env: 0 files, 0 examples"]


def test_patterns_and_exclusions_are_globs(tmp_path: Path) -> None:
    for name in ("a/.env", "a/b/.env", "c/.env", "a/conf.ini", "a/old.ini"):
        write(tmp_path, name)
    assert collector(tmp_path, path="a", patterns=["*.ini"], exclude=["old*"]).scopes() == [
        "a/",
        "a/conf.ini",
    ]
    assert collector(tmp_path, exclude=["a/.env", "c"]).scopes() == ["./", "a/b/.env"]


def test_one_file_may_be_named(tmp_path: Path) -> None:
    write(tmp_path, "conf/settings", "TOKEN=x\n")
    reader = collector(tmp_path, path="conf/settings")
    assert reader.scopes() == ["conf/settings"]
    assert [item.name for item in secrets(list(reader.collect("conf/settings")))] == ["TOKEN"]


def test_a_missing_path_is_an_error_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(BackendUnreachableError, match="'gone' does not exist") as caught:
        collector(tmp_path, path="gone").scopes()
    assert caught.value.hint == "correct 'path' of this source in keyproof.yaml"


def test_a_folder_that_cannot_be_listed_is_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, ".env")
    write(tmp_path, "closed/.env")
    original = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return original(path)

    monkeypatch.setattr(os, "scandir", scandir)
    items = list(collector(tmp_path).collect("./"))
    (gap,) = [item for item in items if isinstance(item, Gap)]
    assert (gap.status, gap.scope, gap.reason) == (ScopeStatus.PARTIAL, "./", "closed: Permission denied")


def test_files_that_cannot_be_read_are_errors_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe.env")
    write(tmp_path, "huge.env", "A=" + "x" * 5_000_000)
    write(tmp_path, "closed.env")
    reader = collector(tmp_path)
    with pytest.raises(BackendProtocolError, match=r"pipe\.env: is not a regular file"):
        list(reader.collect("pipe.env"))
    with pytest.raises(BackendProtocolError, match=r"huge\.env is larger than"):
        list(reader.collect("huge.env"))
    with pytest.raises(BackendUnreachableError, match=r"gone\.env does not exist"):
        list(reader.collect("gone.env"))

    def refuse(_: Path) -> bytes:
        raise PermissionError

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(AccessDeniedError, match=r"closed\.env may not be read"):
        list(reader.collect("closed.env"))


def test_which_keys_are_secrets_and_how_many_are_not(tmp_path: Path) -> None:
    write(
        tmp_path,
        ".env",
        "PORT=1\nAPI_KEY=x\nDATABASE_URL=postgres" + "://a:b@c/d\nCACHE_URL=redis://cache\n"
        "TOKEN=\nDB_PASSWORD=${SHARED}\nAPI_KEY=y\nSALT=encrypted:abc\n",
    )
    items = collect(tmp_path, path=".env")
    flags = {
        secret.name: (
            sorted({"empty", "reference", "encrypted"} & secret.attributes.keys()),
            secret.encryption and secret.encryption.encrypted,
            secret.place and secret.place.line,
        )
        for secret in secrets(items)
    }
    assert flags == {
        "API_KEY": ([], False, 7),
        "DATABASE_URL": ([], False, 3),
        "TOKEN": (["empty"], None, 5),
        "DB_PASSWORD": (["reference"], None, 6),
        "SALT": (["encrypted"], True, 8),
    }
    assert account(items) == [
        "keys: 7 in the file: 5 secrets, 2 others",
        "repeated key: API_KEY on lines 2, 7",
    ]


def test_a_later_empty_line_does_not_hide_an_earlier_value(tmp_path: Path) -> None:
    write(tmp_path, ".env", "URL=amqp" + "://a:b@c\nURL=amqp://c\nTOKEN=x\nTOKEN=\nTOKEN=${X}\n")
    found = {secret.name: (secret.place, secret.attributes) for secret in secrets(collect(tmp_path))}
    plain = {"example-file": False, "world-readable": False}
    assert found == {
        "URL": (SourceLine(path=".env", line=1), plain),
        "TOKEN": (SourceLine(path=".env", line=3), plain),
    }


def test_a_git_pointer_that_cannot_be_read_is_no_proof(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, ".env")
    write(tmp_path, ".git", "gitdir: elsewhere\n")

    def refuse(path: Path, **_: object) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_text", refuse)
    (secret,) = secrets(collect(tmp_path))
    assert secret.unread["gitignored"] == f"{tmp_path / '.git'}: Permission denied"
    assert "gitignored" not in secret.attributes


def test_broken_quoting_is_a_gap(tmp_path: Path) -> None:
    write(tmp_path, ".env", "API_KEY='open\nB_SECRET=1\n")
    items = collect(tmp_path, path=".env")
    assert [secret.name for secret in secrets(items)] == ["API_KEY"]
    (gap,) = [item for item in items if isinstance(item, Gap)]
    assert gap.reason == "line 1: a quote that never closes: the rest of the file was not read"


@pytest.mark.parametrize(
    ("name", "environment"),
    [
        (".env", ""),
        (".env.local", ""),
        (".env.production", "production"),
        (".env.production.local", "production"),
        ("staging.env", "staging"),
        ("backend.env", ""),
        ("prod-eu.env", "prod"),
        (".env.test.prod", ""),
    ],
)
def test_the_environment_is_what_the_file_name_states(tmp_path: Path, name: str, environment: str) -> None:
    write(tmp_path, name)
    (secret,) = secrets(collect(tmp_path))
    assert secret.environment == environment


def test_names_in_ids_are_percent_encoded(tmp_path: Path) -> None:
    root = tmp_path / "my shop"
    write(root, "a b/é#.env", "api.key=x")
    (secret,) = secrets(collect(root))
    assert secret.id == "dotenv://my%20shop/a%20b/%C3%A9%23.env#api.key"


FORMS = st.sampled_from(
    [
        "{}",
        "'{}'",
        '"{}"',
        "`{}`",
        "'a\n{}\nb'",
        '"{}',
        "{} # c",
        "postgres://u:{}@h/d",
        "encrypted:{}",
        "'{}'x",
    ]
)


@settings(deadline=None)  # files and parsers of a busy machine take their time
@given(
    rows=st.lists(st.tuples(st.text("aBcD019+/=-_", min_size=8, max_size=30), FORMS), min_size=1, max_size=4),
    ending=st.sampled_from(["\n", "\r\n"]),
)
def test_no_planted_value_is_in_anything_that_comes_out(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], ending: str
) -> None:
    folder = tmp_path_factory.mktemp("plant")
    planted = [f"zQ{value}Qz" for value, _ in rows]
    forms = [form for _, form in rows]
    text = ending.join(
        f"K{number}_SECRET={form.format(value)}"
        for number, (value, form) in enumerate(zip(planted, forms, strict=True))
    )
    write(folder, ".env", text)
    items = collect(folder)
    assert secrets(items)
    shown = "\n".join(
        f"{item!r} {item} {json.dumps(dataclasses.asdict(item), default=str)}" for item in items
    )
    assert "zQ" not in shown
    assert "Qz" not in shown


def test_no_value_is_in_a_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, ".env", "API_KEY=zQplantedQz\n")

    def fail(path: Path) -> bytes:
        path.open("rb").close()
        raise OSError(5, "Input/output error", str(path))

    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(CollectError) as caught:
        collect(tmp_path)
    lines = traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
    assert "zQplantedQz" not in "".join(lines)
