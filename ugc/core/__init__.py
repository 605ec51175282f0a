"""What has no feature of its own: the database and its one commit point, who may call what, errors,
jobs and mail, idempotency, limits, languages. Everything above imports it; it imports
nothing above."""
