"""Compose files: secrets they name, and values that stand in them."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.checks.storage import Storage
from keyproof.collectors.docker_compose import DockerComposeCollector
from keyproof.docker.compose_file import read_compose
from keyproof.domain.access import AccessGrant, Action
from keyproof.domain.assessment import Collected, Gap
from keyproof.domain.secret import Encryption, SecretMetadata
from keyproof.domain.verdict import Evidence, Outcome
from keyproof.errors import BackendProtocolError
from keyproof.ports import Surroundings
from tests.fakes.ports import FixedClock
from tests.fakes.secrets import context
from tests.fakes.work_tree import run

VALUE = "canary-" + "value"
COMPOSE = f"""\
services:
  web:
    image: web
    environment:
      DB_PASSWORD: {VALUE}
      API_TOKEN: ${{API_TOKEN:?set it}}
      JWT_SECRET: ${{JWT_SECRET:-{VALUE}}}
      SESSION_SECRET:
      SMTP_PASSWORD: ""
      PORT: 80
    build:
      args:
        NPM_TOKEN: {VALUE}
    secrets: [db, {{source: outside, target: x}}]
  job:
    environment: ["ADMIN_PASSWORD={VALUE}", "HANDED_ON_TOKEN", "LEVEL=info"]
    secrets: [db]
secrets:
  db: {{file: ./secrets/db.txt}}
  outside: {{external: true}}
  shell: {{environment: SHELL_SECRET}}
"""


def _collector(root: Path, **config: Any) -> DockerComposeCollector:
    here = Surroundings(root=root, environ={}, clock=FixedClock(), sleep=lambda _: None)
    return DockerComposeCollector("compose", DockerComposeCollector.Config.model_validate(config), here)


def _items(root: Path, text: str = COMPOSE) -> list[Collected]:
    (root / "compose.yaml").write_text(text, encoding="utf-8")
    return list(_collector(root).collect("compose.yaml"))


def _secrets(items: list[Collected]) -> dict[str, SecretMetadata]:
    return {item.id.partition("#")[2]: item for item in items if isinstance(item, SecretMetadata)}


def test_what_stands_in_a_file(tmp_path: Path) -> None:
    items = _items(tmp_path)
    found = _secrets(items)
    literal = {key for key, one in found.items() if one.encryption == Encryption(encrypted=False)}
    assert literal == {
        "secrets.db",
        "web.environment.DB_PASSWORD",
        "web.environment.JWT_SECRET",
        "web.build.args.NPM_TOKEN",
        "job.environment.ADMIN_PASSWORD",
    }
    references = {key for key, one in found.items() if one.attributes.get("reference")}
    assert references == {
        "secrets.outside",
        "secrets.shell",
        "web.environment.API_TOKEN",
        "web.environment.SESSION_SECRET",
        "job.environment.HANDED_ON_TOKEN",
    }
    assert found["web.environment.SMTP_PASSWORD"].attributes["empty"] is True
    assert Evidence(name="variables", value="10 in services: 8 secrets, 2 others") in items
    assert VALUE not in repr(items)


def test_lines_and_services(tmp_path: Path) -> None:
    found = _secrets(_items(tmp_path))
    place = found["web.environment.DB_PASSWORD"].place
    assert place is not None
    assert (place.path, place.line) == ("compose.yaml", 5)
    via = "secrets of compose.yaml"
    assert found["secrets.db"].grants == tuple(
        AccessGrant(principal=f"service {name}", actions=(Action.READ,), via=via) for name in ("job", "web")
    )
    assert [grant.principal for grant in found["secrets.outside"].grants or ()] == ["service web"]


def test_the_storage_rule_judges_a_literal_and_the_file_of_a_secret(tmp_path: Path) -> None:
    run(tmp_path, "init", "-q")
    (tmp_path / ".gitignore").write_text("secrets/\n", encoding="utf-8")
    found = _secrets(_items(tmp_path))
    rule = Storage.model_validate({"encrypted": True})
    assert rule.evaluate(found["web.environment.DB_PASSWORD"], context()).outcome is Outcome.FAIL
    assert rule.evaluate(found["web.environment.API_TOKEN"], context()).outcome is Outcome.NOT_APPLICABLE
    ignored = Storage.model_validate({"gitignored": True})
    assert ignored.evaluate(found["secrets.db"], context()).outcome is Outcome.PASS
    assert ignored.evaluate(found["web.environment.DB_PASSWORD"], context()).outcome is Outcome.FAIL
    assert found["secrets.db"].attributes["file-exists"] is False


def test_files_are_found_in_folders(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "docker-compose.prod.yml").write_text("", encoding="utf-8")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "compose.yaml").write_text("", encoding="utf-8")
    collector = _collector(tmp_path)
    assert collector.scopes() == ["./", "a/docker-compose.prod.yml"]
    items = [item for scope in collector.scopes() for item in collector.collect(scope)]
    assert not [item for item in items if isinstance(item, Gap)]
    assert Evidence(name="excluded, not read", value="node_modules") in items
    assert _collector(tmp_path, path="a/docker-compose.prod.yml").scopes() == ["a/docker-compose.prod.yml"]


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"{", "it is no YAML"), (b"[]", "it is no mapping"), (b"\xff", "it is not UTF-8")],
)
def test_what_is_no_compose_file(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "compose.yaml").write_bytes(data)
    with pytest.raises(BackendProtocolError, match=words):
        list(_collector(tmp_path).collect("compose.yaml"))


@pytest.mark.parametrize(
    "text",
    [
        "services: [web]",
        "services: {web: 1, job: {environment: 3, build: ., secrets: db}}",
        "secrets: {a: , b: 1, c: []}",
        "services: {web: {secrets: [[x], 1, {y: z}]}}",
    ],
)
def test_odd_shapes_are_no_crash(text: str) -> None:
    read_compose(text)


@given(name=st.sampled_from(["A", "a_b"]), default=st.text("abc$}{:-", max_size=4))
def test_a_default_is_a_literal(name: str, default: str) -> None:
    text = "'${" + name + ":-x" + default + "}'"
    (variable,) = read_compose("services: {w: {environment: {T: " + text + "}}}").variables
    assert variable.literal
