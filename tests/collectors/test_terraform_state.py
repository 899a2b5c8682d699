"""Terraform and OpenTofu states: where they hold secrets."""

import json
from pathlib import Path
from typing import Any

import pytest

from keyproof.collectors.terraform_state import TerraformStateCollector
from keyproof.domain.assessment import Collected
from keyproof.domain.secret import Encryption, SecretMetadata
from keyproof.domain.verdict import Evidence
from keyproof.errors import BackendProtocolError
from keyproof.ports import Surroundings
from tests.fakes.ports import FixedClock
from tests.fakes.work_tree import run

VALUE = "canary-" + "value"


def _marked(*steps: tuple[str, Any]) -> list[dict[str, Any]]:
    return [{"type": type_, "value": value} for type_, value in steps]


STATE = {
    "version": 4,
    "terraform_version": "1.9.5",
    "serial": 12,
    "outputs": {
        "token": {"value": VALUE, "type": "string", "sensitive": True},
        "empty": {"value": "", "type": "string", "sensitive": True},
        "host": {"value": "db.example", "type": "string"},
    },
    "resources": [
        {
            "mode": "managed",
            "type": "aws_db_instance",
            "name": "main",
            "module": "module.db",
            "instances": [
                {
                    "index_key": 0,
                    "attributes": {
                        "password": VALUE,
                        "username": "app",
                        "port": 5432,
                        "auth": [{"key_material": VALUE}],
                        "master_password": None,
                        "nested": {"client_secret": VALUE, "tags": {"owner": "data"}},
                    },
                    "sensitive_attributes": [
                        _marked(("get_attr", "password")),
                        _marked(("get_attr", "auth"), ("index", {"value": 0, "type": "number"})),
                    ],
                }
            ],
        },
        {
            "mode": "data",
            "type": "aws_secretsmanager_secret_version",
            "name": "db",
            "instances": [{"attributes": {"secret_string": VALUE, "secret_id": "db"}}],
        },
        {"mode": "managed", "type": "null_resource", "name": "x", "instances": [{"index_key": "a"}]},
    ],
}


def _collector(root: Path) -> TerraformStateCollector:
    here = Surroundings(root=root, environ={}, clock=FixedClock(), sleep=lambda _: None)
    return TerraformStateCollector("state", TerraformStateCollector.Config(), here)


def _items(root: Path, state: object = STATE) -> list[Collected]:
    text = state if isinstance(state, str) else json.dumps(state)
    (root / "terraform.tfstate").write_text(text, encoding="utf-8")
    return list(_collector(root).collect("terraform.tfstate"))


def _secrets(items: list[Collected]) -> dict[str, SecretMetadata]:
    return {item.name: item for item in items if isinstance(item, SecretMetadata)}


def test_where_a_state_holds_secrets(tmp_path: Path) -> None:
    items = _items(tmp_path)
    stated = {name: one.attributes["sensitive"] for name, one in _secrets(items).items()}
    assert stated == {
        "output.token": True,
        "module.db.aws_db_instance.main[0].password": True,
        "module.db.aws_db_instance.main[0].auth[0].key_material": True,
        "module.db.aws_db_instance.main[0].nested.client_secret": False,
        "data.aws_secretsmanager_secret_version.db.secret_string": False,
    }
    assert {one.encryption for one in _secrets(items).values()} == {Encryption(encrypted=False)}
    assert Evidence(name="state", value="serial 12, written by 1.9.5, 5 secrets") in items
    assert VALUE not in repr(items)


def test_an_encrypted_state_is_one_subject(tmp_path: Path) -> None:
    items = _items(tmp_path, {"serial": 3, "encrypted_data": "AAAA", "encryption_version": "v0"})
    (secret,) = _secrets(items).values()
    assert (secret.name, secret.encryption) == ("terraform.tfstate", Encryption(encrypted=True))


def test_whether_git_keeps_it(tmp_path: Path) -> None:
    run(tmp_path, "init", "-q")
    (tmp_path / ".gitignore").write_text("*.tfstate\n", encoding="utf-8")
    found = next(iter(_secrets(_items(tmp_path)).values()))
    assert (found.attributes["gitignored"], found.attributes["tracked"]) == (True, False)


def test_states_are_found_and_an_empty_one_is_none(tmp_path: Path) -> None:
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "terraform.tfstate.backup").write_text("", encoding="utf-8")
    collector = _collector(tmp_path)
    assert collector.scopes() == ["./", "env/terraform.tfstate.backup"]
    assert list(collector.collect("env/terraform.tfstate.backup")) == [Evidence(name="state", value="empty")]
    assert [item.value for item in collector.collect("./") if isinstance(item, Evidence)] == [
        "2 folders for *.tfstate, *.tfstate.backup: 1 files, 1 of this kind"
    ]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("{", "it is no JSON"),
        ([], "it is no state"),
        ({"version": 3}, "no state of version 4 but '3'"),
        ({"version": 4, "resources": [3]}, "its shape is unknown"),
        ({"version": 4, "outputs": {"a": 1}}, "its shape is unknown"),
    ],
)
def test_what_is_no_state(tmp_path: Path, state: object, words: str) -> None:
    with pytest.raises(BackendProtocolError, match=words):
        _items(tmp_path, state)
