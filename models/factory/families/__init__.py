"""The families that the factory makes, by name."""

from ..core.family import Family
from .banking import BANKING
from .fashion import FASHION
from .fashion_clip import FASHION_CLIP
from .intent import INTENT
from .intent_tfidf import INTENT_TFIDF

FAMILIES: dict[str, Family] = {family.name: family for family in (INTENT, BANKING, INTENT_TFIDF, FASHION, FASHION_CLIP)}
