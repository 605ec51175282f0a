"""The application behind its front, as `ugc serve` starts it in each worker."""

from pathlib import Path

from flask_babel import force_locale

from ugc import languages
from ugc.app import create_app
from ugc.core import errors, health, render, security
from ugc.front.application import Front
from ugc.front.bounds import Bounds
from ugc.front.static import StaticFiles


def build(bounds: Bounds) -> Front:
    """The application of the environment's settings, within `bounds`. Raises ConfigError."""
    app = create_app()
    headers = [(b"x-content-type-options", b"nosniff")]
    if hsts := security.strict_transport_security(app.config):
        headers.append((b"strict-transport-security", hsts.encode()))
    with app.test_request_context():
        texts = {}
        default = app.config["DEFAULT_LANGUAGE"]
        for language in sorted(languages.CODES, key=lambda each: each != default):
            with force_locale(language):
                texts[language] = {c: str(text) for c, (_, text) in errors.catalogue().items()}

    def ready(query: str) -> tuple[int, bytes]:
        report = app.extensions[health.EXTENSION].report()
        return report.answer(strict=health.is_strict(query))

    return Front(
        app,
        StaticFiles(render.BUILD, "/static/build", headers),
        bounds,
        spool=Path(app.config["DATA_DIR"]) / "spool",
        hops=int(app.config["PROXY_HOPS"]),
        texts=texts,
        alive="/healthz",
        probes={"/readyz": ready},
    )
