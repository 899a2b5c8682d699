"""The SOPS collector on files that the real sops wrote, in a real git work tree."""

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyrage
import pytest

from keyproof.collectors.sops import SopsCollector
from keyproof.domain.access import AccessGrant, Action
from keyproof.domain.assessment import Collected, Gap
from keyproof.domain.secret import Basis, Confidence, SecretMetadata
from keyproof.domain.verdict import Evidence
from keyproof.errors import BackendProtocolError, BackendUnreachableError
from keyproof.ports import Surroundings
from tests.fakes.ports import FixedClock
from tests.fakes.work_tree import commit

VALUE = "canary-" + "value"
FIRST, SECOND, THIRD = (datetime(2025, month, 1, tzinfo=UTC) for month in (1, 4, 7))


class Sops:
    """The program with an age key of its own."""

    def __init__(self, folder: Path) -> None:
        identity = pyrage.x25519.Identity.generate()
        self.recipient = str(identity.to_public())
        self.folder = folder
        self._environ = {"PATH": os.environ["PATH"], "SOPS_AGE_KEY": str(identity), "HOME": str(folder)}
        beside = Path(sys.executable).parent / "sops"
        self._program = str(beside) if beside.exists() else shutil.which("sops")
        assert self._program, "install the dev extra: it brings sops"

    def run(self, *arguments: str) -> None:
        subprocess.run(
            [str(self._program), *arguments],
            cwd=self.folder,
            env=self._environ,
            check=True,
            capture_output=True,
        )

    def encrypt(self, name: str, text: str, *more: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")
        self.run("encrypt", "--age", self.recipient, *more, "--in-place", name)

    def set(self, name: str, path: str, value: str) -> None:
        self.run("set", name, path, json.dumps(value))


@pytest.fixture
def sops(tmp_path: Path) -> Sops:
    return Sops(tmp_path)


def _collector(root: Path, **config: Any) -> SopsCollector:
    here = Surroundings(
        root=root, environ={"PATH": os.environ["PATH"]}, clock=FixedClock(), sleep=lambda _: None
    )
    return SopsCollector("files", SopsCollector.Config.model_validate(config), here)


def _secrets(items: list[Collected]) -> dict[str, SecretMetadata]:
    return {item.name: item for item in items if isinstance(item, SecretMetadata)}


def _of(root: Path, scope: str, **config: Any) -> dict[str, SecretMetadata]:
    return _secrets(list(_collector(root, **config).collect(scope)))


TEXT = f"db:\n  user: app\n  password: {VALUE}\ntokens:\n  - one\n  - three\nport_unencrypted: 5432\nn: 7\n"


def test_each_value_has_the_date_of_the_commit_that_wrote_it(sops: Sops) -> None:
    root = sops.folder
    sops.encrypt("app.enc.yaml", TEXT)
    commit(root, FIRST)
    sops.set("app.enc.yaml", '["db"]["password"]', f"{VALUE}-2")
    commit(root, SECOND)
    found = _of(root, "app.enc.yaml")
    assert found.keys() == {"db.user", "db.password", "tokens[0]", "tokens[1]", "n"}
    dates = {
        name: [(fact.at, fact.basis, fact.confidence) for fact in one.facts] for name, one in found.items()
    }
    assert dates["db.user"] == [(FIRST, Basis.ROW_COMMIT, Confidence.EXACT)]
    assert dates["db.password"] == [(SECOND, Basis.ROW_COMMIT, Confidence.EXACT)]
    assert found["db.password"].attributes["length"] == len(VALUE) + 2
    assert "length" not in found["n"].attributes  # a number's text is not a password's
    assert found["db.password"].place is not None
    assert found["db.password"].id.endswith("/app.enc.yaml#db.password")
    assert VALUE not in repr(found)


def test_a_file_that_was_encrypted_anew_dates_its_values_by_a_bound(sops: Sops) -> None:
    root = sops.folder
    sops.encrypt("app.yaml", TEXT)
    commit(root, FIRST)
    sops.run("rotate", "--in-place", "app.yaml")
    commit(root, SECOND)
    sops.set("app.yaml", '["db"]["password"]', "younger")
    commit(root, THIRD)
    found = _of(root, "app.yaml")
    assert [(fact.at, fact.confidence) for fact in found["db.user"].facts] == [
        (SECOND, Confidence.UPPER_BOUND)
    ]
    assert [(fact.at, fact.confidence) for fact in found["db.password"].facts] == [(THIRD, Confidence.EXACT)]


def test_who_can_open_it(sops: Sops) -> None:
    sops.encrypt("a.json", json.dumps({"k": VALUE}))
    (secret,) = _of(sops.folder, "a.json").values()
    key = f"age:{sops.recipient}"
    assert secret.grants == (AccessGrant(principal=key, actions=(Action.READ,), via="SOPS master key"),)
    assert secret.encryption is not None
    assert (secret.encryption.encrypted, secret.encryption.key) == (True, key)


def test_groups_of_keys(sops: Sops) -> None:
    other = str(pyrage.x25519.Identity.generate().to_public())
    rules = {
        "creation_rules": [
            {"shamir_threshold": 2, "key_groups": [{"age": [sops.recipient]}, {"age": [other]}]}
        ]
    }
    (sops.folder / ".sops.yaml").write_text(json.dumps(rules), encoding="utf-8")
    (sops.folder / "a.yaml").write_text(f"k: {VALUE}\n", encoding="utf-8")
    sops.run("encrypt", "--in-place", "a.yaml")
    (secret,) = _of(sops.folder, "a.yaml").values()
    assert secret.grants is not None
    assert {grant.condition for grant in secret.grants} == {"with 2 of 2 key groups"}
    assert secret.attributes["key-groups"] == 2


@pytest.mark.parametrize(
    ("name", "text", "keys"),
    [
        ("app.env", f"# note\nUSER=app\nPASSWORD={VALUE}\n", {"USER", "PASSWORD"}),
        ("app.ini", f"[db]\npassword = {VALUE}\n[web]\npassword = x\n", {"db.password", "web.password"}),
        ("app.json", json.dumps({"a": {"b": [VALUE]}}, indent=1), {"a.b[0]"}),
    ],
)
def test_every_format_that_sops_writes(sops: Sops, name: str, text: str, keys: set[str]) -> None:
    sops.encrypt(name, text)
    commit(sops.folder, FIRST)
    found = _of(sops.folder, name)
    assert found.keys() == keys
    assert {one.facts[0].at for one in found.values()} == {FIRST}
    assert all(one.grants for one in found.values())


def test_values_outside_of_the_rule_are_no_secrets_but_counted(sops: Sops) -> None:
    sops.encrypt("a.yaml", f"password: {VALUE}\nhost: db.example\n", "--encrypted-regex", "^password$")
    items = list(_collector(sops.folder).collect("a.yaml"))
    assert _secrets(items).keys() == {"password"}
    assert Evidence(name="values", value="1 encrypted, 0 that should be, 1 plain by rule") in items


def test_a_value_that_somebody_wrote_into_the_file_as_it_is(sops: Sops) -> None:
    sops.encrypt("a.yaml", f"password: {VALUE}\n")
    path = sops.folder / "a.yaml"
    path.write_text(f"token: {VALUE}\n{path.read_text('utf-8')}", encoding="utf-8")
    found = _of(sops.folder, "a.yaml")
    assert found["token"].encryption is not None
    assert (
        found["token"].encryption.encrypted,
        found["token"].place.line if found["token"].place else 0,
    ) == (
        False,
        1,
    )
    assert VALUE not in repr(found)


def test_a_folder_is_searched_for_files_of_sops_and_those_that_should_be(sops: Sops) -> None:
    root = sops.folder
    rules = {"creation_rules": [{"path_regex": r"secrets/.*\.yaml$", "age": sops.recipient}]}
    (root / ".sops.yaml").write_text(json.dumps(rules), encoding="utf-8")
    (root / "secrets").mkdir()
    (root / "secrets" / "plain.yaml").write_text(f"k: {VALUE}\n", encoding="utf-8")
    (root / "other.yaml").write_text("k: v\n", encoding="utf-8")
    (root / "node_modules").mkdir()
    (root / "secrets" / "good.yaml").write_text(f"k: {VALUE}\n", encoding="utf-8")
    sops.run("encrypt", "--in-place", "secrets/good.yaml")
    collector = _collector(root)
    assert collector.scopes() == ["./", "secrets/good.yaml", "secrets/plain.yaml"]
    items = [item for scope in collector.scopes() for item in collector.collect(scope)]
    found = _secrets(items)
    assert found["secrets/plain.yaml"].attributes == {"wanted-by-creation-rule": True}
    assert found["secrets/plain.yaml"].encryption is not None
    assert not found["secrets/plain.yaml"].encryption.encrypted
    searched = [item.value for item in items if isinstance(item, Evidence) and item.name == "searched"]
    assert searched == [
        "2 folders for *.yaml, *.yml, *.json, *.env, .env, .env.*, *.ini: 4 files, 2 of this kind"
    ]
    assert VALUE not in repr(items)


def test_without_git_the_file_itself_gives_a_bound(sops: Sops) -> None:
    sops.encrypt("a.yaml", f"k: {VALUE}\n")
    (secret,) = _of(sops.folder, "a.yaml").values()
    (fact,) = secret.facts
    assert (fact.basis, fact.confidence) == (Basis.LAST_ROTATED, Confidence.UPPER_BOUND)


def test_a_line_that_is_not_committed_has_no_date(sops: Sops) -> None:
    sops.encrypt("a.yaml", f"k: {VALUE}\nl: {VALUE}\n")
    commit(sops.folder, FIRST)
    sops.set("a.yaml", '["k"]', "new")
    found = _of(sops.folder, "a.yaml")
    assert (found["k"].facts, found["k"].unread) == ((), {"facts": "the line is not committed"})
    assert found["l"].facts


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.yaml", "k: ENC[AES256_GCM,data:x,iv:x,tag:x,type:str]\n", "no SOPS metadata"),
        ("a.yaml", "{ENC[AES256_GCM,", "neither YAML nor JSON"),
        ("a.env", "A=ENC[AES256_GCM,data:x,iv:x,tag:x,type:str]\n", "no SOPS metadata"),
    ],
)
def test_files_that_cannot_be_understood(tmp_path: Path, name: str, text: str, words: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(BackendProtocolError, match=words):
        _of(tmp_path, name)


def test_bytes_rules_and_paths_that_are_wrong(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"ENC[AES256_GCM,\xff\xfe")
    with pytest.raises(BackendProtocolError, match="it is not UTF-8"):
        _of(tmp_path, "a.yaml")
    (tmp_path / ".sops.yaml").write_text('creation_rules: [{path_regex: "("}]', encoding="utf-8")
    with pytest.raises(BackendProtocolError, match=r"\.sops\.yaml: missing \)"):
        _collector(tmp_path).scopes()
    (tmp_path / ".sops.yaml").write_text("{", encoding="utf-8")
    with pytest.raises(BackendProtocolError, match="is no YAML"):
        _collector(tmp_path).scopes()
    with pytest.raises(BackendUnreachableError, match="does not exist"):
        _collector(tmp_path, path="none").scopes()
    with pytest.raises(BackendUnreachableError, match="No such file"):
        _of(tmp_path, "none.yaml")


def test_what_may_not_be_opened_is_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.yaml").symlink_to(tmp_path / "nowhere")
    items = list(_collector(tmp_path).collect("./"))
    assert [item.reason for item in items if isinstance(item, Gap)] == ["No such file or directory"]
