"""What a handle and a password must be, and how often one may fail to sign in."""
