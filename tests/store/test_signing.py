"""Keys: made once, for one user, and refused when they are of another kind or open to others."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from keyproof.errors import StoreError
from keyproof.store.signing import PublicKey, SigningKey, make_key


def test_what_is_signed_is_verified(tmp_path: Path) -> None:
    public = make_key(tmp_path / "sub" / "key")
    signer = SigningKey.load(tmp_path / "sub" / "key")
    assert signer.public == public == PublicKey.load(tmp_path / "sub" / "key.pub")
    signature = signer.sign(b"text")
    assert signature == signer.sign(b"text")
    assert public.signed(b"text", signature)
    assert not public.signed(b"texts", signature)
    assert (tmp_path / "sub" / "key").stat().st_mode & 0o777 == 0o600


def test_a_key_is_never_replaced(tmp_path: Path) -> None:
    make_key(tmp_path / "key")
    before = (tmp_path / "key").read_bytes()
    with pytest.raises(StoreError, match="cannot be written: File exists"):
        make_key(tmp_path / "key")
    assert (tmp_path / "key").read_bytes() == before


def test_a_key_open_to_others_is_refused(tmp_path: Path) -> None:
    make_key(tmp_path / "key")
    (tmp_path / "key").chmod(0o644)
    with pytest.raises(StoreError, match="can be read by others") as caught:
        SigningKey.load(tmp_path / "key")
    assert caught.value.hint == f"run: chmod 600 {tmp_path / 'key'}"


@pytest.mark.parametrize("content", [None, b"", b"no key"])
def test_what_is_no_key_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "key").touch(mode=0o600)
        (tmp_path / "key").write_bytes(content)
    for load in (SigningKey.load, PublicKey.load):
        with pytest.raises(StoreError, match="cannot be read as a"):
            load(tmp_path / "key")


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    private, public = tmp_path / "key", tmp_path / "key.pub"
    private.touch(mode=0o600)
    pem = serialization.Encoding.PEM
    private.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    public.write_bytes(key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(StoreError, match="holds no Ed25519 key"):
        SigningKey.load(private)
    with pytest.raises(StoreError, match="holds no Ed25519 key"):
        PublicKey.load(public)


def test_another_program_verifies_the_signature(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    make_key(tmp_path / "key")
    (tmp_path / "text").write_bytes(b"text")
    (tmp_path / "text.sig").write_bytes(SigningKey.load(tmp_path / "key").sign(b"text"))
    command = [openssl, "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", "key.pub", "-in", "text", "-sigfile", "text.sig"]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_without_the_extra_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives", None)
    with pytest.raises(StoreError, match="the 'signing' extra is not installed") as caught:
        make_key(tmp_path / "key")
    assert caught.value.hint == 'run: pip install "keyproof[signing]"'
