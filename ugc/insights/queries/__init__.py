"""Reads of insights: `told` figures of a root, `scores` of prescriptores, `contacts` of a member,
`invitations` and consents."""
