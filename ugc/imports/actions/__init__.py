"""Writes of imports: a batch goes by COPY into a temporary table and from there, set by set, into
subjects, content and moves. Nothing here commits."""
