"""Photos of any subject: quarantine, cleaning, variants. So far its table."""
