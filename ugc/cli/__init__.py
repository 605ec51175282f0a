"""The `ugc` command: what an operator does beside the web server."""
