"""Sharing: the page where a member takes their link to anything, and what the world sees of it:
previews (Open Graph, card images), oEmbed and embeds, canonical addresses, JSON-LD, the sitemap."""
