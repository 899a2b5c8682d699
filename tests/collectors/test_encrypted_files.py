"""Files of Ansible Vault, git-crypt and age by their headers, and files that lack one."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyrage
import pytest

from keyproof.collectors.encrypted_files import EncryptedFilesCollector
from keyproof.domain.assessment import Collected
from keyproof.domain.secret import Basis, Confidence, Encryption, SecretMetadata
from keyproof.domain.verdict import Evidence
from keyproof.ports import Surroundings
from tests.fakes.ports import FixedClock
from tests.fakes.work_tree import commit, run

FIRST, SECOND = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 5, 1, tzinfo=UTC)
WHOLE = "$ANSIBLE_VAULT;1.1;AES256\n" + "6566\n" * 3
INLINE = """\
user: app
db_password: !vault |
          $ANSIBLE_VAULT;1.2;AES256;prod
          6162636465
          6667
nested:
  - token: !vault |
      $ANSIBLE_VAULT;1.1;AES256
      3132
"""


def _collector(root: Path, **config: Any) -> EncryptedFilesCollector:
    environ = {"PATH": os.environ["PATH"]}
    here = Surroundings(root=root, environ=environ, clock=FixedClock(), sleep=lambda _: None)
    return EncryptedFilesCollector("files", EncryptedFilesCollector.Config.model_validate(config), here)


def _secrets(items: list[Collected]) -> dict[str, SecretMetadata]:
    return {item.name: item for item in items if isinstance(item, SecretMetadata)}


def _of(root: Path, scope: str, **config: Any) -> dict[str, SecretMetadata]:
    return _secrets(list(_collector(root, **config).collect(scope)))


def test_a_whole_file_of_ansible_vault(tmp_path: Path) -> None:
    (tmp_path / "vault.yml").write_text(WHOLE, encoding="utf-8")
    commit(tmp_path, FIRST)
    (tmp_path / "vault.yml").write_text(WHOLE.replace("6566", "6767"), encoding="utf-8")
    commit(tmp_path, SECOND)
    (secret,) = _of(tmp_path, "vault.yml").values()
    assert secret.encryption == Encryption(encrypted=True, key="ansible-vault", customer_managed=True)
    assert secret.attributes == {
        "gitignored": False,
        "tracked": True,
        "format": "ansible-vault",
        "format-version": "1.1",
        "cipher": "AES256",
    }
    (fact,) = secret.facts
    assert (fact.at, fact.basis, fact.confidence) == (SECOND, Basis.ROW_COMMIT, Confidence.UPPER_BOUND)


def test_values_in_a_file_have_dates_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "vars.yml").write_text(INLINE, encoding="utf-8")
    commit(tmp_path, FIRST)
    (tmp_path / "vars.yml").write_text(INLINE.replace("3132", "3334"), encoding="utf-8")
    commit(tmp_path, SECOND)
    found = _of(tmp_path, "vars.yml")
    assert found.keys() == {"db_password", "token"}
    assert found["db_password"].facts[0].at == FIRST
    assert found["token"].facts[0].at == SECOND
    assert found["db_password"].attributes["vault-id"] == "prod"
    assert found["token"].place is not None
    assert found["token"].place.line == 8


def test_a_key_in_several_places_is_several_secrets(tmp_path: Path) -> None:
    value = "!vault |\n    $ANSIBLE_VAULT;1.1;AES256\n    3132\n"
    text = f"users:\n  - password: {value}  - password: {value}"
    (tmp_path / "users.yml").write_text(text, encoding="utf-8")
    found = [item for item in _collector(tmp_path).collect("users.yml") if isinstance(item, SecretMetadata)]
    assert [item.id.partition("#")[2] for item in found] == ["password", "password@line-6"]
    assert {item.name for item in found} == {"password"}


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("ünï", "ünï"),
        ('"a: b"', "a: b"),
        ("'it'", "it"),
        ("a b", "a b"),
        ("http://x", "http://x"),
        ("- x", "x"),
    ],
)
def test_any_key_of_yaml_on_one_line_is_known(tmp_path: Path, written: str, key: str) -> None:
    text = f"first: 1\n{written}: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3132\n"
    (tmp_path / "vars.yml").write_text(text, encoding="utf-8")
    assert list(_of(tmp_path, "vars.yml")) == [key]


def test_age_and_git_crypt(tmp_path: Path) -> None:
    recipient = pyrage.x25519.Identity.generate().to_public()
    (tmp_path / "a.age").write_bytes(pyrage.encrypt(b"x", [recipient]))
    (tmp_path / "b").write_bytes(b"\0GITCRYPT\0" + b"0123456789")
    commit(tmp_path, FIRST)
    age, crypt = _of(tmp_path, "a.age")["a.age"], _of(tmp_path, "b")["b"]
    assert (age.attributes["format"], crypt.attributes["format"]) == ("age", "git-crypt")
    assert (age.facts[0].at, crypt.facts[0].at) == (FIRST, FIRST)


def test_files_that_have_to_be_encrypted(tmp_path: Path) -> None:
    folder = tmp_path / "group_vars" / "all"
    folder.mkdir(parents=True)
    (folder / "vault.yml").write_text("password: x\n", encoding="utf-8")
    (folder / "vars.yml").write_text("a: b\n", encoding="utf-8")
    (folder / "mixed.yml").write_text(INLINE, encoding="utf-8")
    (tmp_path / "good.key").write_text(WHOLE, encoding="utf-8")
    collector = _collector(tmp_path, required=["group_vars/*/vault.yml", "*.key"])
    assert collector.scopes() == [
        "./",
        "good.key",
        "group_vars/all/mixed.yml",
        "group_vars/all/vault.yml",
    ]
    items = [item for scope in collector.scopes() for item in collector.collect(scope)]
    found = _secrets(items)
    plain = found["group_vars/all/vault.yml"]
    assert plain.encryption == Encryption(encrypted=False)
    assert plain.attributes["has-to-be-encrypted"] is True
    assert found["good.key"].encryption is not None
    assert found["good.key"].encryption.encrypted
    assert Evidence(name="searched", value="3 folders for *: 4 files, 3 of this kind") in items


def test_what_git_crypt_is_to_encrypt_is_open_in_an_unlocked_work_tree(tmp_path: Path) -> None:
    text = "# keys\n*.secret filter=git-crypt diff=git-crypt\nconf/** filter=git-crypt\nREADME !filter\n"
    (tmp_path / ".gitattributes").write_text(text, encoding="utf-8")
    (tmp_path / "a.secret").write_text("x", encoding="utf-8")
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "b").write_text("x", encoding="utf-8")
    collector = _collector(tmp_path)
    assert collector.scopes() == ["./", "a.secret", "conf/b"]
    (secret,) = _of(tmp_path, "a.secret").values()
    assert secret.encryption is None
    assert "may be unlocked" in secret.unread["encryption"]


def test_without_a_commit_there_is_no_date(tmp_path: Path) -> None:
    (tmp_path / "v").write_text(WHOLE, encoding="utf-8")
    (secret,) = _of(tmp_path, "v").values()
    assert (secret.facts, "not a git repository" in secret.unread["facts"]) == ((), True)
    run(tmp_path, "init", "-q")
    (tmp_path / "other").write_text("", encoding="utf-8")
    commit(tmp_path, FIRST, "other")
    (secret,) = _of(tmp_path, "v").values()
    assert "no such path" in secret.unread["facts"]


@pytest.mark.parametrize("text", ["", "$ANSIBLE_VAULT", "a: !vault |\n  text\n", "x" * 100])
def test_what_has_no_header(tmp_path: Path, text: str) -> None:
    (tmp_path / "f.yml").write_text(text, encoding="utf-8")
    assert _of(tmp_path, "f.yml") == {}
