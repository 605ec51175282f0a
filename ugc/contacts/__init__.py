"""A member's contacts: who came by them over three degrees, and how far what they shared went."""
