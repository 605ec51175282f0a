"""Lighthouse's figures of the built product, and the bytes and times of its pages."""
