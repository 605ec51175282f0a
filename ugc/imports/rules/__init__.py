"""What a mapping is, how a file is taken apart, and what a record becomes. Pure: streams, clock and
mapping are arguments."""
