"""Rewards for bringing people, and whether they were brought honestly.

Points of a referral are held until the newcomer has done a second genuine thing and a day has
passed (held, released, reversed, capped); a published fraud score with reasons (0 to 100) doubts
members, and those who hang together become a ring: one case of the moderators' queue, decided for
all or some (false, cleared), with one appeal each."""
