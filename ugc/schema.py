"""Every table, for the migrations and for `create_app`."""

from importlib import import_module

from ugc.config import ROOT

# Tables of what lies below the capabilities.
SHARED = (
    "ugc.core.generation",
    "ugc.core.subjects",
    "ugc.core.sources",
    "ugc.geography.gazetteer",
    "ugc.core.idempotency",
)


def load_models() -> None:
    """Imports every module with tables: those of `SHARED` and the `models` of each capability."""
    for name in SHARED:
        import_module(name)
    for path in sorted((ROOT / "ugc").glob("*/models.py")):
        import_module(f"ugc.{path.parent.name}.models")
