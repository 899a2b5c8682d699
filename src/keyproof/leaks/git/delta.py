"""The hot loops over packs: compiled where the installation had a compiler, in plain Python elsewhere."""

try:
    from keyproof.leaks.git.delta_compiled import apply_delta, families, find, in_order, link, read_headers
except ImportError:
    from keyproof.leaks.git.delta_plain import apply_delta, families, find, in_order, link, read_headers

__all__ = ["apply_delta", "families", "find", "in_order", "link", "read_headers"]
