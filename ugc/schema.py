"""Every table, for the migrations and for `create_app`."""

from importlib import import_module

MODEL_MODULES = (
    "ugc.core.generation",
    "ugc.core.subjects",
    "ugc.core.sources",
    "ugc.geography.gazetteer",
    "ugc.core.idempotency",
    "ugc.streets.models",
    "ugc.accounts.models",
    "ugc.privateplaces.models",
    "ugc.reputation.models",
    "ugc.referrals.models",
    "ugc.media.models",
    "ugc.notifications.models",
    "ugc.moderation.models",
    "ugc.content.models",
    "ugc.profiles.models",
    "ugc.watches.models",
    "ugc.comments.models",
    "ugc.brands.models",
    "ugc.places.models",
    "ugc.reports.models",
    "ugc.reviews.models",
    "ugc.fraud.models",
    "ugc.rewards.models",
    "ugc.influencers.models",
    "ugc.spread.models",
    "ugc.campaigns.models",
    "ugc.brandapi.models",
    "ugc.livemap.models",
)


def load_models() -> None:
    for name in MODEL_MODULES:
        import_module(name)
