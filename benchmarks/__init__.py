"""Benchmarks: each compares two things side by side in one run and prints a ratio with its spread.
`make bench` runs them on servers of their own; docs/benchmarks.md says how to read them."""
