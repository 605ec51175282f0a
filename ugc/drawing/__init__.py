"""Draws pictures on the server: letters of every script, the bundled map and maps of loaded
cities. It knows no content and no database."""
