"""The points ledger, levels and badges. So far its tables; nothing writes them yet."""
