"""Encrypted files known by their first bytes: Ansible Vault, git-crypt and age."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

MARKS = (b"$ANSIBLE_VAULT;", b"\0GITCRYPT\0", b"age-encryption.org/v1", b"-----BEGIN AGE ENCRYPTED FILE-----")
_ANSIBLE = re.compile(rb"\$ANSIBLE_VAULT;(\d+\.\d+);(\w+)(?:;([\w.@-]+))?")
_KEY = rb"""(?P<key>"[^"\r\n]*"|'[^'\r\n]*'|[^\s"'#:-](?:[^:\r\n]|:(?=\S))*?)"""
"""A key of YAML on one line: quoted, or any text up to a colon with a space behind it."""
_INLINE = re.compile(
    rb"^(?P<indent>[ \t-]*)%s[ \t]*:[ \t]*!vault[ \t]*[|>][0-9+-]*[ \t]*\r?\n[ \t]*(?P<head>\$ANSIBLE_VAULT;[^\r\n]*)"
    % _KEY,
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptedPart:
    """A whole file, or one value in it."""

    key: str
    """Empty for the whole file."""
    line: int
    format: str
    """`ansible-vault`, `git-crypt` or `age`."""
    version: str = ""
    """Of the format, where the header states it."""
    cipher: str = ""
    label: str = ""
    """The vault id of Ansible."""


def read_header(data: bytes) -> EncryptedPart | None:
    """What the first bytes say of the whole file; None where it is not encrypted."""
    if found := _ANSIBLE.match(data):
        return _ansible("", 1, found)
    if data.startswith(MARKS[1]):
        return EncryptedPart(key="", line=1, format="git-crypt", cipher="AES256")
    if data.startswith(MARKS[2:]):
        return EncryptedPart(key="", line=1, format="age", version="1", cipher="ChaCha20-Poly1305")
    return None


def inline_values(data: bytes) -> Iterator[EncryptedPart]:
    """Every value that Ansible Vault encrypted inside of a YAML file."""
    line, counted = 1, 0
    for found in _INLINE.finditer(data):
        line += data.count(b"\n", counted, found.start("head"))
        counted = found.start("head")
        head = _ANSIBLE.match(found["head"])
        if head:
            key = found["key"].decode("utf-8", errors="replace")
            yield _ansible(key[1:-1] if key[0] in "\"'" else key, line, head)


def git_crypt_globs(attributes: str) -> list[str]:
    """The patterns of a .gitattributes that git-crypt is to encrypt."""
    found = []
    for line in attributes.splitlines():
        words = line.split()
        if words and not words[0].startswith("#"):
            if any(word.startswith("filter=git-crypt") for word in words[1:]):
                found.append(words[0])
            elif {"!filter", "-filter"} & set(words[1:]) and words[0] in found:
                found.remove(words[0])
    return found


def meets(path: Path, globs: list[str], *, start: Path) -> bool:
    """Whether a path matches one of the patterns: by its name, or from `start` where they have a slash."""
    below = path.relative_to(start).as_posix()
    return any(
        fnmatchcase(below, glob.lstrip("/").replace("**/", "*"))
        if "/" in glob
        else fnmatchcase(path.name, glob)
        for glob in globs
    )


def _ansible(key: str, line: int, found: re.Match[bytes]) -> EncryptedPart:
    version, cipher, label = (part.decode() if part else "" for part in found.groups())
    return EncryptedPart(
        key=key, line=line, format="ansible-vault", version=version, cipher=cipher, label=label
    )
