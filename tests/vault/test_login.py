"""Where tokens come from."""

from pathlib import Path

import pytest

from keyproof.vault.config import AuthConfig
from keyproof.vault.login import found_token, login_request, sendable


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    (tmp_path / ".vault-token").write_text("from-file\n")
    home = {"HOME": str(tmp_path)}
    assert found_token({**home, "VAULT_TOKEN": "of-vault", "BAO_TOKEN": " of-bao "}) == "of-bao"
    assert found_token({**home, "VAULT_TOKEN": "of-vault"}) == "of-vault"
    assert found_token({**home, "VAULT_TOKEN": ""}) == "from-file"
    assert found_token({"HOME": str(tmp_path / "nowhere")}) == ""
    assert found_token({}) == ""


def test_each_method_sends_what_it_needs(tmp_path: Path) -> None:
    (tmp_path / "jwt").write_text("a.b.c\n")
    environ = {"VAULT_SECRET_ID": "sid", "MY_JWT": "d.e.f"}
    approle = AuthConfig.model_validate({"method": "approle", "role-id": "rid"})
    assert login_request(approle, environ, tmp_path) == (
        "auth/approle/login",
        {"role_id": "rid", "secret_id": "sid"},
    )
    kubernetes = AuthConfig.model_validate(
        {"method": "kubernetes", "role": "r", "mount": "/k8s/", "jwt-file": "jwt"}
    )
    assert login_request(kubernetes, environ, tmp_path) == ("auth/k8s/login", {"role": "r", "jwt": "a.b.c"})
    jwt = AuthConfig.model_validate({"method": "jwt", "role": "r", "jwt-env": "MY_JWT"})
    assert login_request(jwt, environ, tmp_path) == ("auth/jwt/login", {"role": "r", "jwt": "d.e.f"})


@pytest.mark.parametrize(
    ("token", "fits"), [("hvs.abc_-", True), ("", False), ("a b", False), ("a\nb", False), ("ü", False)]
)
def test_only_what_a_header_can_carry_is_sent(token: str, fits: bool) -> None:
    assert sendable(token) is fits
