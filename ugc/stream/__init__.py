"""The streams of open maps (Server-sent events), which `ugc live` sends in a process beside the web
server.

    GET /live?bbox=west,south,east,north[&kinds=jam,waste][&cursor=…]   (or Last-Event-ID: …)
    GET /healthz, /readyz

One reader asks PostgreSQL, woken by its own messages after each commit and once a second anyway,
and gives what changed to every stream whose view it touches:

    event: upsert   data: a GeoJSON feature      event: gone     data: {"id", "version"}
    event: cursor   id: everything before it was told (at the end of each batch, and every 15 s)
    event: resync   too much happened: fetch the view again       event: ended   the session is over
(docs/decisions/0005-live-map.md, 0056-rooms-beside-the-core.md)"""
