"""A real kube-apiserver, as `make e2e` builds it from Debian's source, starts and keeps secrets encrypted."""

import subprocess
from pathlib import Path

import pytest

from tests.fakes.kube_server import SKIP_REASON, find_build, kube_server

pytestmark = [pytest.mark.server, pytest.mark.kubernetes]


def test_the_build_is_found_where_the_script_leaves_it(checkout: Path) -> None:
    if find_build() is None:
        pytest.skip(SKIP_REASON)
    script = (checkout / "tests/e2e/build_kube_apiserver.sh").read_text("utf-8")
    recipe = next(line for line in script.splitlines() if line.startswith("recipe=")).split()[0]
    assert str(find_build()).endswith(f"-{recipe.removeprefix('recipe=')}")


def test_the_server_keeps_secrets_encrypted(tmp_path: Path) -> None:
    build = find_build()
    if build is None:
        pytest.skip(SKIP_REASON)
    canary = "canary-" + "value-nobody-may-read"
    with kube_server(build, tmp_path, tokens={}) as server:
        server.make(
            "/api/v1/namespaces/default/secrets", {"metadata": {"name": "db"}, "stringData": {"p": canary}}
        )
        assert server.call("GET", "/api/v1/namespaces/default/secrets/db")["type"] == "Opaque"
    found = subprocess.run(["grep", "-rqa", canary, str(tmp_path / "etcd")], check=False, capture_output=True)
    assert found.returncode == 1, "the value stands in etcd's files"
