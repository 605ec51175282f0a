"""The version of the product, as `ugc --version`, the wheel and CHANGELOG.md give it."""

VERSION = "0.1.0"
