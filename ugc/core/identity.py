"""One spelling of what identifies a person: e-mail addresses and passwords. Pure. Everything that
stores, compares or counts one of them asks here first."""

from __future__ import annotations

import unicodedata

from email_validator import EmailNotValidError, validate_email

# Providers that ignore dots; of the others a dot is another mailbox.
_DOTLESS = {"gmail.com", "googlemail.com"}
_SAME = {"googlemail.com": "gmail.com"}


def email(text: str) -> str | None:
    """The address as it is stored, or None when it is none.

    The domain is Unicode in lower case (IDNA 2008, UTS 46), whether typed so or in punycode; the
    local part is NFC. ASCII letters of the local part keep their case (the column compares them
    without), all others are lower case."""
    try:
        parts = validate_email(text.strip(), check_deliverability=False)
    except EmailNotValidError:
        return None
    local = unicodedata.normalize("NFC", parts.local_part)
    return f"{''.join(c if c.isascii() else c.lower() for c in local)}@{parts.domain}"


def known_email(text: str) -> str:
    """As `email`; what is no address stays as typed, and belongs to no account."""
    return email(text) or text.strip()


def password(text: str) -> str:
    """The password as it is hashed: NFKC (NIST SP 800-63B, 3.1.1.2)."""
    return unicodedata.normalize("NFKC", text)


def password_spellings(text: str) -> tuple[str, ...]:
    """What to compare with a stored hash, in this order: `password`, then as typed, because older
    hashes were made of that."""
    normal = password(text)
    return (normal,) if normal == text else (normal, text)


def mailbox(address: str) -> str:
    """An address as its provider reads it: lower case, without what follows a +, and without dots
    where they do not count. Two addresses of one mailbox reach the same person."""
    name, _, domain = address.strip().lower().rpartition("@")
    domain = _SAME.get(domain, domain)
    name = name.partition("+")[0]
    if domain in _DOTLESS:
        name = name.replace(".", "")
    return f"{name}@{domain}"
