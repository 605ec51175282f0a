"""Referral links, visits, and the tree of contacts.

A link belongs to a member and a subject. A visit is recorded once per visitor and day, survives
until joining (a signed first-party cookie, 90 days, last click), and makes a referral: one parent
for ever, older than the child, so that no cycle can be written. Events: `referral.made`."""
