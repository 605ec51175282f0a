"""Pages of insights: `contacts` of a member, a brand's spread `room`, `prescriptores`, how one
shared thing `travel`led, and invitations with the consents they need (`inviting`)."""

from ugc.insights.pages import contacts, inviting, prescriptores, room, travel
from ugc.insights.pages.base import bp as bp

__all__ = ["bp", "contacts", "inviting", "prescriptores", "room", "travel"]
