"""People: join, confirm the e-mail, sign in and out, reset the password, profile, settings.

A member is active, suspended until a time or without end, or erased (an anonymous node of the
referral tree). Events: `member.joined`, `member.confirmed`, `member.erased`,
`member.suspended`, `member.reinstated`."""
