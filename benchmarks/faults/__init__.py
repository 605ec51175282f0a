"""Faults: what a site acknowledged, lost, doubled and answered while its parts die."""
