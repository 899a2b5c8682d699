"""How git's paths are written for people."""


def shown(path: bytes) -> str:
    """A path of git's as text; bytes that are not UTF-8 are written as escapes."""
    return path.decode("utf-8", "backslashreplace")
