"""Step `train`: makes the variant default from the cleaned data."""

from ..core.context import Context


def run(context: Context, options: dict) -> dict:
    """Leaves the work to the family and keeps what it returns."""
    return context.family.train(context, options)
