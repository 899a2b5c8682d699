"""Where the shipped policies, report templates and rights files are: in the wheel, or in a checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).parent
_SHIPPED = _PACKAGE / "_data" if (_PACKAGE / "_data").is_dir() else _PACKAGE.parent.parent


def policies() -> Path:
    """The folder with `packs`, `controls`, `detectors`, `examples` and `schema`."""
    return _SHIPPED / "policies"


def reports() -> Path:
    """The folder with `html` and `schema`."""
    return _SHIPPED / "reports"


def rights() -> Path:
    """The folder with the least rights of sources, each in its backend's own form."""
    in_wheel = _PACKAGE / "_data" / "rights"
    return in_wheel if in_wheel.is_dir() else _SHIPPED / "docs" / "how-to"
