"""For any WSGI server; `ugc serve` starts `asgi.py`, the same behind its front."""

from ugc.app import create_app

app = create_app()
