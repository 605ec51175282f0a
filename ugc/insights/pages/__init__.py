"""Pages of insights: `contacts` of a member, a brand's spread `room`, `prescriptores`, how one
shared thing `travel`led, and invitations with the consents they need (`inviting`)."""
