"""Finding, suggesting and showing places."""
