"""Boca: a community puts what it knows on the map. `docs/architecture.md` walks the folders."""
