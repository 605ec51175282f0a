"""Brands: a page with fans and places, claimed by its team.

Anybody suggests one, unclaimed; a claim (a subject of its own) is decided in the moderators' queue
and makes the claimant the first of the team. Which brand runs a place is dated.
Events: `content.posted`, `content.approved`, `content.gone`, `brand.followed`,
`brand_claim.decided`."""
