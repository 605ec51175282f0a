"""Points as ledger entries, levels, and the leaderboard.

Points of held content go to the held account and are released when it is approved; content that
goes takes its points with it. Every total can be recounted from the ledger."""
