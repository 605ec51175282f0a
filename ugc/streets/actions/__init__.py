"""The life of a load: begun, advanced step by step, shown, removed."""
