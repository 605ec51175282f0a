"""Imports: files of open data (Open311, GeoJSON, CSV…) become reports, places and reviews.

A mapping (`mappings/*.toml`) says how one source's files are read. A file is taken in batches; each
commits together with how far it came (`core.sources.ImportRun`), so that an interrupted import goes
on where it stopped. Imported content is published, carries its source's attribution, belongs to
no one (or to a labelled account that cannot sign in), and gives no points, holds or notifications:
no event is emitted."""
