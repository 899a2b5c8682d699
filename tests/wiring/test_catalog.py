"""One vocabulary: id, file, class, test and reference say the same."""

import subprocess
import sys
from pathlib import Path

import pytest

from keyproof.wiring.catalog import CHECKS, COLLECTORS, REPORTERS

ROOT = Path(__file__).parents[2]
MEMBERS = [
    *(("checks", kind, member, "") for kind, member in CHECKS.items()),
    *(("collectors", kind, member, "Collector") for kind, member in COLLECTORS.items()),
    *(("reporters", kind, member, "Reporter") for kind, member in REPORTERS.items()),
]


@pytest.mark.parametrize(("family", "kind", "member", "suffix"), MEMBERS, ids=str)
def test_names_agree(family: str, kind: str, member: type, suffix: str) -> None:
    module = kind.replace("-", "_")
    assert member.__module__ == f"keyproof.{family}.{module}"
    assert member.__name__.lower() == kind.replace("-", "") + suffix.lower()
    assert getattr(member, "kind", getattr(member, "format", None)) == kind
    assert list((ROOT / "tests" / family).glob(f"test_{module}*.py")), "no test named for it"


@pytest.mark.parametrize(
    ("family", "members"), [("checks", CHECKS), ("collectors", COLLECTORS), ("reporters", REPORTERS)]
)
def test_no_member_is_left_out_of_the_catalogue(family: str, members: dict[str, type]) -> None:
    files = {path.stem for path in (ROOT / "src/keyproof" / family).glob("*.py")} - {
        "__init__",
        "leaks",
        "cases",
    }
    assert files == {member.__module__.rpartition(".")[2] for member in members.values()}


def test_the_catalogue_loads_no_backend_library() -> None:
    heavy = {"boto3", "botocore", "hvac", "detect_secrets", "moto", "git"}
    program = f"import sys, keyproof.wiring.catalog; print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
