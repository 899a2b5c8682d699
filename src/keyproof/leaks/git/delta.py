"""The hot loops over packs: compiled where the installation had a compiler, in plain Python elsewhere."""

try:
    from keyproof.leaks.git.delta_compiled import (
        apply_delta,
        chosen,
        families,
        find,
        in_order,
        link,
        read_headers,
        weigh,
    )
except ImportError:
    from keyproof.leaks.git.delta_plain import (
        apply_delta,
        chosen,
        families,
        find,
        in_order,
        link,
        read_headers,
        weigh,
    )

__all__ = ["apply_delta", "chosen", "families", "find", "in_order", "link", "read_headers", "weigh"]
