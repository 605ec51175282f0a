"""Reads of the API. A page is one statement whose answer is the JSON text itself, fetched as bytes
in binary format: the fastest way measured that needs no stored copies (docs/benchmarks.md)."""
