"""Step `distill`: makes the small variant learn from the large one."""

from ..core.context import Context


def run(context: Context, options: dict) -> dict:
    """Leaves the work to the family and keeps what it returns."""
    return context.family.distill(context, options)
