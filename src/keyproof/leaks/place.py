"""One line of a file, in the work tree or in a commit, as reports write it: `FILE:LINE` or `COMMIT:FILE:LINE`."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from keyproof.errors import ConfigError
from keyproof.leaks.detection.decoders import to_utf8
from keyproof.leaks.git.objects import GitObject, read_objects
from keyproof.leaks.git.repository import Repository, enclosing_work_tree

_FORM = re.compile(r"(?P<file>.+):(?P<line>[1-9]\d{0,8})")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Place:
    """A line with the text it stands in; holds plaintext."""

    path: str
    """Below the repository, or as it was given where there is none."""
    line: int
    """1-based."""
    text: bytes
    """The whole file, decoded."""

    @classmethod
    def read(cls, name: str, folder: Path, environ: Mapping[str, str]) -> "Place":
        """Read what `name` says, from `folder` on. Raises ConfigError when there is no such place, HistoryError."""
        form = _FORM.fullmatch(name)
        if not form:
            # without repeating it: who takes the option for one of values has given a value
            raise ConfigError(
                "--explain takes the place of a line", hint="write FILE:LINE or COMMIT:FILE:LINE"
            )
        file = folder / form["file"]
        root = enclosing_work_tree(file.parent if file.is_file() else folder)
        if file.is_file():
            path, content = _below(file, root), _content(file)
        else:
            path, content = _stored(form["file"], folder, root, environ)
        text = to_utf8(content)
        lines = text.count(b"\n") + (not text.endswith(b"\n"))
        if int(form["line"]) > lines:
            raise ConfigError(f"{path} has {lines} lines", hint="name one of them")
        return cls(path=path, line=int(form["line"]), text=text)


def _below(file: Path, root: Path | None) -> str:
    real = Path(os.path.realpath(file))
    return real.relative_to(root).as_posix() if root and real.is_relative_to(root) else file.as_posix()


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as cause:
        raise ConfigError(f"{file} cannot be read: {cause.strerror}", hint="check its permissions") from cause


def _stored(name: str, folder: Path, root: Path | None, environ: Mapping[str, str]) -> tuple[str, bytes]:
    """The path and the content of `COMMIT:FILE`, FILE counted from the root of the repository as in the reports."""
    commit, _, path = name.partition(":")
    if not path or not (root or (folder / "HEAD").is_file()):
        raise ConfigError(
            f"{name} is no file here", hint="write FILE:LINE, or COMMIT:FILE:LINE in a repository"
        )
    repository = Repository.open(root or folder, environ)
    blob = repository.resolve(f"{commit}:{path}")
    found = next(read_objects(repository, [blob]), None) if blob else None
    if not isinstance(found, GitObject) or found.type != "blob":
        raise ConfigError(f"{commit} holds no file {path}", hint="write it as the report does")
    return path, found.content
