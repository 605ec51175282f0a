"""`granian wsgi:app`, or any other WSGI server."""

from ugc.app import create_app

app = create_app()
