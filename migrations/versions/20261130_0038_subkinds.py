"""What a report is more exactly than its kind, where that was said."""

import sqlalchemy as sa
from alembic import op

from migrations import online

revision = "0038"
down_revision = "0037"

SUBKINDS = {
    "accident": ("minor", "major"),
    "jam": ("moderate", "heavy", "standstill"),
    "hazard_road": (
        "pothole", "object", "stopped_car", "lane_closed", "signal_out", "oil", "ice",
    ),
    "hazard_shoulder": ("stopped_car", "missing_sign"),
    "weather": (
        "flood", "fog", "heavy_rain", "heavy_snow", "hail", "freezing_rain", "heat_wave",
        "hurricane", "tornado", "monsoon",
    ),
    "road_closed": ("hazard", "construction", "event"),
    "lighting": ("light_out", "street_dark"),
    "furniture": ("pavement", "sign", "traffic_light", "bench", "fountain"),
    "waste": ("bin_full", "dumping", "graffiti"),
    "animals": ("loose", "dead"),
}  # fmt: skip
CHECK = "ck_reports_subkind_of_kind"


def upgrade() -> None:
    op.add_column("reports", sa.Column("subkind", sa.Text()), if_not_exists=True)
    pairs = ", ".join(f"'{kind}/{code}'" for kind, codes in SUBKINDS.items() for code in codes)
    op.execute(f"ALTER TABLE reports DROP CONSTRAINT IF EXISTS {CHECK}")
    op.execute(
        f"ALTER TABLE reports ADD CONSTRAINT {CHECK} CHECK"
        f" (subkind IS NULL OR (kind || '/' || subkind) IN ({pairs})) NOT VALID"
    )
    online.validate("reports", CHECK)


def downgrade() -> None:
    op.drop_column("reports", "subkind", if_exists=True)
