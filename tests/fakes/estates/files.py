"""Estates in files: a folder with one file that holds everything."""

import csv
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn
from unittest.mock import patch

from keyproof.ports import Collector
from keyproof.wiring.catalog import COLLECTORS
from tests.fakes.estates.estate import CANARY, ODD, Clause, Estate, Grounds, Running
from tests.fakes.ports import NOW
from tests.fakes.work_tree import commit

_ROTATED = datetime(2025, 9, 1, tzinfo=UTC)


class FileRunning(Running):
    """A file that can be closed, cut and taken away."""

    def __init__(
        self, kind: str, path: Path, *, config: Mapping[str, Any], form: str, stack: ExitStack
    ) -> None:
        """`form` makes the name in the report from the planted one."""
        super().__init__()
        self.kind, self.path, self.config = kind, path, config
        self._form, self._stack = form, stack

    def collector(
        self, *, patience: float = 30.0, credentials: bool = True, now: datetime = NOW
    ) -> Collector:
        member = COLLECTORS[self.kind]
        environ = {"PATH": os.environ["PATH"]}
        here = self.surroundings(environ, now=now, root=self.path.parent)
        return member("contract", member.Config.model_validate(self.config), here)

    def told(self, name: str) -> str:
        return self._form.format(name)

    @property
    def asked(self) -> Sequence[str]:
        return [f"read {self.path.name}"]

    def deny(self) -> None:
        """Let nobody open it; file modes mean nothing to root."""

        def refuse(path: Path, *_: object, **__: object) -> NoReturn:
            raise PermissionError(13, "Permission denied", str(path))

        for way in ("open", "read_bytes"):
            self._stack.enter_context(patch.object(Path, way, refuse))

    def cut(self, *, honest: bool) -> None:
        """End it before the last quote."""
        data = self.path.read_bytes()
        self.path.write_bytes(data[: data.rindex(b'"')])

    def vanish(self) -> None:
        self.path.unlink()
        self.config = {**self.config, "path": self.path.name}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """How one kind of file is written and read."""

    kind: str
    file: str
    write: Callable[[Sequence[str]], str]
    """The text with a secret for each name."""
    form: str = "{}"
    config: Mapping[str, Any] = field(default_factory=dict)
    committed: bool = False
    """Whether only a commit dates it."""

    @contextmanager
    def open(self, names: Sequence[str], grounds: Grounds) -> Iterator[FileRunning]:
        """Write the file into a folder of its own."""
        path = grounds.make_folder() / self.file
        path.write_text(self.write(names), encoding="utf-8")
        if self.committed:
            commit(path.parent, _ROTATED)
        with ExitStack() as stack:
            yield FileRunning(self.kind, path, config=self.config, form=self.form, stack=stack)


def _dotenv(names: Sequence[str]) -> str:
    return "".join(f'{name}_TOKEN="{CANARY}"\n' for name in names)


def _compose(names: Sequence[str]) -> str:
    services = {"web": {"image": "web", "environment": {"LEVEL": CANARY}}}
    secrets = {name: {"environment": "SHELL"} for name in names}
    return json.dumps({"services": services, "secrets": secrets}, indent=1, ensure_ascii=False)


def _state(names: Sequence[str]) -> str:
    outputs = {name: {"value": CANARY, "type": "string", "sensitive": True} for name in names}
    return json.dumps({"version": 4, "serial": 1, "outputs": outputs, "resources": []})


def _sops(names: Sequence[str]) -> str:
    value = "ENC[AES256_GCM,data:Zm9v,iv:aXY=,tag:dGFn,type:str]"
    metadata = {"mac": value, "lastmodified": _ROTATED.isoformat(), "age": [{"recipient": "age1"}]}
    return json.dumps({**dict.fromkeys(names, value), "sops": metadata}, indent=1, ensure_ascii=False)


def _vaulted(names: Sequence[str]) -> str:
    inline = "!vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3132\n"
    return "".join(f"{name}: {inline}" for name in names) + f"level: {CANARY}\n"


def _table(names: Sequence[str]) -> str:
    text = io.StringIO()
    rows = [(name, f"{_ROTATED:%Y-%m-%d}", "90 days") for name in names]
    csv.writer(text).writerows([("Secret", "Last Rotated", "Rotation Period"), *rows])
    return text.getvalue()


_ON_DISK = {
    Clause.PAGING: "a file is read whole",
    Clause.BUSY: "a file system puts no limit on its readers",
    Clause.EXPIRED: "a file that is open stays readable",
    Clause.STRANGER: "reading a file takes no credentials but the user's own",
    Clause.DELETED: "a file that is deleted is not there",
    Clause.SEALED: "a folder that lets nobody in is one that may not be read",
    Clause.SLOW: "the system waits for a disk, and no program for the system",
    Clause.STRANGE: "a file of another form is none of this kind; the collector's own tests have such files",
    Clause.AWAY: "a file that is open stays readable",
}


def _estate(kind: _Kind, *, excused: Mapping[Clause, str] | None = None, **more: Any) -> Estate:
    whole = {**_ON_DISK, **(excused or {})}
    return Estate(kind=kind.kind, open=kind.open, right="read", excused=whole, **more)


FILE_ESTATES = (
    _estate(
        _Kind(kind="docker-compose", file="compose.yaml", write=_compose),
        dated=False,
    ),
    _estate(
        _Kind(kind="dotenv", file=".env", write=_dotenv, form="{}_TOKEN"),
        odd=("a.b-c", "x" * 512, "CASE", "case", "_"),
        dated=False,
    ),
    _estate(
        _Kind(kind="encrypted-files", file="vars.yml", write=_vaulted, committed=True),
        odd=("a.b-c", "ünï/ß", "a b", "x" * 512, "Case", "case", "q?x=1&y=2"),
        excused={Clause.CUT: "its header says all that is read, and nothing behind it is looked at"},
    ),
    _estate(
        _Kind(kind="inventory", file="table.csv", write=_table, config={"path": "*.csv"}),
        odd=tuple(name for name in ODD if name != "case"),  # rows that differ in case only mean one secret
        excused={Clause.CUT: "a table that ends early is a shorter table"},
    ),
    _estate(_Kind(kind="sops", file="secrets.json", write=_sops)),
    _estate(
        _Kind(kind="terraform-state", file="main.tfstate", write=_state, form="output.{}"),
        dated=False,
    ),
)
