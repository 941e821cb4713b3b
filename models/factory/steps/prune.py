"""Step `prune`: removes heads and feed-forward columns, then trains the rest back to strength."""

from ..core.context import Context


def run(context: Context, options: dict) -> dict:
    """Leaves the work to the family and keeps what it returns."""
    return context.family.prune(context, options)
