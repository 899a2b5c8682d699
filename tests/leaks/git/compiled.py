"""The compiled half of the engine, built once for all tests that hold it to the plain one."""

import hashlib
import importlib
import importlib.util
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

_NAME = "keyproof.leaks.git.delta_compiled"
_ROOT = Path(__file__).parents[3]


@cache
def available() -> bool:
    """Whether there is a compiler; in CI there must be one."""
    try:
        compiled()
    except pytest.skip.Exception:
        if os.environ.get("KEYPROOF_NO_SKIP"):
            raise AssertionError("nothing can be compiled here: install a C compiler") from None
        return False
    return True


@cache
def compiled() -> ModuleType:
    """The module as the hook that builds wheels compiles it, also for imports; skips without a compiler."""
    pytest.importorskip("Cython", reason="Cython is not installed")
    spec = importlib.util.spec_from_file_location(_NAME, _built())
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules[_NAME] = module
    return module


def fast() -> ModuleType:
    """`leaks.git.in_place`, which needs the compiled module."""
    compiled()
    return importlib.import_module("keyproof.leaks.git.in_place")


def _built() -> Path:
    """The file, of an earlier run when nothing has changed since."""
    sources = [_ROOT / "hatch_build.py", (_ROOT / "src" / Path(*_NAME.split("."))).with_suffix(".pyx")]
    digest = hashlib.sha256(sys.version.encode() + b"".join(source.read_bytes() for source in sources))
    owner = os.getuid() if hasattr(os, "getuid") else ""
    folder = Path(tempfile.gettempdir()) / f"keyproof-tests-{owner}-{digest.hexdigest()[:16]}"
    built = next(folder.glob("delta_compiled.*"), None)
    if built is None or folder.stat().st_uid != owner:
        with tempfile.TemporaryDirectory() as place:
            command = [sys.executable, str(_ROOT / "hatch_build.py"), place]
            run = subprocess.run(command, check=False, capture_output=True, text=True)
            if run.returncode:
                pytest.skip(f"no working compiler: {run.stderr[-200:]}")
            made = Path(run.stdout.strip().splitlines()[-1])
            folder.mkdir(mode=0o700, exist_ok=True)
            built = folder / made.name
            half = folder / f"{os.getpid()}.part"
            half.write_bytes(made.read_bytes())
            half.replace(built)
    return built
