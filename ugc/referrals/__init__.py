"""Referral links, visits, the tree of contacts, and cascades.

A link belongs to a member (or a brand) and a subject. A visit is counted once per visitor key and
day, and is anonymous. The click travels in the addresses of the visit (`via`) and, with consent, in
a signed cookie of 90 days; the last one makes a referral: one parent for ever, older than the
child, so that no cycle can be written. Reach is counts plus waiting deltas. Events: `referral.made`
(docs/decisions/0010)."""
