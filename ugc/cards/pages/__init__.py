"""Sharing, previews, pictures, maps, embeds and what machines read, a module each."""
