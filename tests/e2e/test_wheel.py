"""The wheel holds every shipped policy and template, and nothing that git does not know."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from keyproof.wiring.rights import FILES as RIGHTS
from tests.leaks.git.compiled import available


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    stray = checkout / "policies" / ".env"
    stray.write_text("PLANTED=by the test\n", encoding="utf-8")
    try:
        subprocess.run(
            [
                sys.executable,
                "-m",
                "pip",
                "wheel",
                "--quiet",
                "--no-deps",
                "--no-build-isolation",
                "--wheel-dir",
                folder,
                checkout,
            ],
            check=True,
            capture_output=True,
        )
    finally:
        stray.unlink()
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_the_shipped_data_is_what_git_tracks(wheel: zipfile.ZipFile, checkout: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "policies", "reports"], cwd=checkout, check=True, capture_output=True, text=True
    ).stdout.split()
    shipped = {
        name.removeprefix("keyproof/_data/")
        for name in wheel.namelist()
        if name.startswith("keyproof/_data/")
    }
    rights = {f"rights/{name}" for name in RIGHTS.values()}
    assert shipped == {*listed, *rights}


def test_the_code_is_what_git_tracks(wheel: zipfile.ZipFile, checkout: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "src"], cwd=checkout, check=True, capture_output=True, text=True
    ).stdout.split()
    shipped = {
        f"src/{name}"
        for name in wheel.namelist()
        if name.startswith("keyproof/") and "/_data/" not in name and not name.endswith((".so", ".pyd"))
    }
    assert shipped == set(listed)


def test_the_hot_loops_are_compiled(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    if not available():
        pytest.skip("no compiler")
    assert any(name.startswith("keyproof/leaks/git/delta_compiled.cpython") for name in wheel.namelist())
    wheel.extractall(tmp_path)
    program = "from keyproof.leaks.git import delta, in_place; print(delta.weigh.__module__)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert done.stdout.strip() == "keyproof.leaks.git.delta_compiled"
