"""Kinds of report, and who may do what to one; `belief` says how one is believed. Pure."""
