"""A city made by hand: one street from west to east that two others cross, with one house."""

from __future__ import annotations

import sqlalchemy as sa

from ugc.core.db import Session

BOX = (-3.72, 40.41, -3.68, 40.43)
# The house stands 17 m to the north of the street.
HOUSE = (-3.70, 40.42015)
# (lon, lat) and what is said of them.
AT_THE_HOUSE = (-3.70, 40.4201)
ACROSS_THE_STREET = (-3.70, 40.4199)
FARTHER_DOWN = (-3.7005, 40.4201)
AT_A_CORNER = (-3.7049, 40.42)
PAST_THE_LAST_CORNER = (-3.692, 40.4201)
AWAY_FROM_STREETS = (-3.70, 40.428)
OUTSIDE = (-3.60, 40.42)

_ROADS = {
    "Calle Mayor": "-3.71 40.42, -3.705 40.42, -3.695 40.42, -3.69 40.42",
    "Calle Sol": "-3.705 40.415, -3.705 40.42, -3.705 40.422",
    "Calle Luna": "-3.695 40.415, -3.695 40.42, -3.695 40.422",
}
_AREAS = {
    "Villa Prueba": ("admin", 8, BOX),
    "Centro": ("suburb", None, (-3.71, 40.41, -3.69, 40.425)),
}


def load_city(
    session: Session,
    code: str = "prueba",
    *,
    main: str = "Calle Mayor",
    number: str = "7",
    box: tuple[float, float, float, float] = BOX,
) -> int:
    """Shows a city whose main street has this name, instead of the one of the same code; returns
    the load's id."""
    run = session.execute
    run(sa.text("DELETE FROM extracts WHERE code = :code"), {"code": code})
    names = ("west", "south", "east", "north")
    load = session.scalar(
        sa.text(
            "INSERT INTO extracts (code, file_name, sha256, step, west, south, east, north,"
            " data_at, shown_at) VALUES (:code, 'made.osm.pbf', 'none', 'shown', :west, :south,"
            " :east, :north, '2026-01-02', now()) RETURNING id"
        ),
        {"code": code, **dict(zip(names, box, strict=True))},
    )
    streets = {}
    for way, (name, points) in enumerate(_ROADS.items(), 1):
        name = main if name == "Calle Mayor" else name
        given = {"load": load, "name": name, "line": f"SRID=4326;LINESTRING({points})", "way": way}
        streets[way] = session.scalar(
            sa.text(
                "INSERT INTO streets (extract_id, name, metres, rank, centre, geom) VALUES (:load,"
                " :name, 500, 3, ST_StartPoint(:line ::geometry), ST_Multi(:line ::geometry))"
                " RETURNING id"
            ),
            given,
        )
        run(
            sa.text(
                "INSERT INTO roads (extract_id, way, kind, name, names, oneway, street_id, geom)"
                " VALUES (:load, :way, 'residential', :name, ARRAY[:name], 0, :street, :line)"
            ),
            {**given, "street": streets[way]},
        )
    for crossing, lon in ((2, -3.705), (3, -3.695)):
        run(
            sa.text(
                "INSERT INTO corners (extract_id, street_ids, geom) VALUES (:load, :streets,"
                " ST_SetSRID(ST_MakePoint(:lon, 40.42), 4326))"
            ),
            {"load": load, "streets": [streets[1], streets[crossing]], "lon": lon},
        )
    run(
        sa.text(
            "INSERT INTO addresses (extract_id, osm, number, street, street_id, geom)"
            " VALUES (:load, 'n1', :number, :main, :street,"
            " ST_SetSRID(ST_MakePoint(:lon, :lat), 4326))"
        ),
        {
            "load": load, "number": number, "main": main, "street": streets[1],
            "lon": HOUSE[0], "lat": HOUSE[1],
        },
    )  # fmt: skip
    for name, (kind, level, (west, south, east, north)) in _AREAS.items():
        run(
            sa.text(
                "INSERT INTO localities (extract_id, osm, kind, level, name, names, geom) VALUES"
                " (:load, 'r1', :kind, :level, :name, ARRAY[:name],"
                " ST_MakeEnvelope(:west, :south, :east, :north, 4326))"
            ),
            {
                "load": load, "kind": kind, "level": level, "name": name,
                "west": west, "south": south, "east": east, "north": north,
            },
        )  # fmt: skip
    session.commit()
    assert load is not None
    return load
