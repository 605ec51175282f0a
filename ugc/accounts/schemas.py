"""Forms of people; unknown fields are ignored only where a browser adds its own (buttons)."""

from __future__ import annotations

import marshmallow as ma
from flask_babel import lazy_gettext

from ugc import languages
from ugc.accounts.rules.credentials import Listing
from ugc.accounts.rules.naming import NAME_MAX
from ugc.accounts.rules.roles import REASON_MAX, Role
from ugc.core import idempotency, identity, names, zones
from ugc.core.bounded import Bounded
from ugc.core.inputs import Name, Text


class Form(Bounded):
    """A browser's form: surrounding blanks do not count, nor does a text of which nothing is seen;
    unknown fields are refused but for those that every form may carry."""

    class Meta:
        unknown = ma.RAISE

    error_messages = {"unknown": lazy_gettext("The form does not know this field.")}

    @ma.pre_load
    def strip(self, data, **_kwargs):  # type: ignore[no-untyped-def]
        return {
            key: value if "password" in key else value.strip() if names.is_seen(value) else ""
            for key, value in data.items()
            if key not in idempotency.IGNORED_FIELDS
        }


class Email(ma.fields.String):
    """An address that can be written to; normalised. DNS is not asked."""

    def _deserialize(self, value, attr, data, **kwargs):  # type: ignore[no-untyped-def]
        address = identity.email(super()._deserialize(value, attr, data, **kwargs))
        if address is None:
            raise ma.ValidationError(
                lazy_gettext("This is not an e-mail address. It looks like ana@example.org.")
            )
        return address


class Next(ma.fields.String):
    """Where one goes on to, as sent: `core.returning.checked` says what of it counts."""

    def __init__(self) -> None:
        super().__init__(metadata={"longest": 8_192}, load_default="")


class JoinForm(Form):
    handle = ma.fields.String(required=True)
    name = Name(load_default="", least=0, most=NAME_MAX)
    email = Email(required=True)
    password = ma.fields.String(required=True)
    timezone = ma.fields.String(metadata={"longest": 10_000}, load_default="UTC")
    next = Next()


class KnownEmail(ma.fields.String):
    """An address to look for: what is none is looked for as it is, and not found."""

    def _deserialize(self, value, attr, data, **kwargs):  # type: ignore[no-untyped-def]
        return identity.known_email(super()._deserialize(value, attr, data, **kwargs))


class SignInForm(Form):
    email = KnownEmail(required=True, validate=ma.validate.Length(max=320))
    password = ma.fields.String(required=True, validate=ma.validate.Length(max=1000))
    next = Next()


class ResetRequestForm(Form):
    email = Email(required=True)
    next = Next()


class PasswordForm(Form):
    token = ma.fields.String(required=True)
    password = ma.fields.String(required=True)
    next = Next()


class MailForm(Form):
    email = Email(required=True)
    password = ma.fields.String(required=True)


class ChangePasswordForm(Form):
    old_password = ma.fields.String(required=True)
    password = ma.fields.String(required=True)


class SettingsForm(Form):
    language = ma.fields.String(
        required=True,
        validate=ma.validate.OneOf(
            languages.CODES,
            error=lazy_gettext("Choose one of the languages."),  # type: ignore[arg-type]
        ),
    )
    timezone = ma.fields.String(
        required=True,
        validate=ma.validate.OneOf(
            sorted(zones.names()),
            error=lazy_gettext("Choose a time zone of the list."),  # type: ignore[arg-type]
        ),
    )
    shown_to_far_contacts = ma.fields.String(load_default="")
    profile_lists = ma.fields.String(
        load_default=None,
        validate=ma.validate.OneOf(
            list(Listing),
            error=lazy_gettext("Choose what your profile lists."),  # type: ignore[arg-type]
        ),
    )


class Day(ma.fields.Date):
    """A day, or None for nothing."""

    def _deserialize(self, value, attr, data, **kwargs):  # type: ignore[no-untyped-def]
        return super()._deserialize(value, attr, data, **kwargs) if value else None


class RoleForm(Form):
    """A role over the site; `until` is its last day."""

    handle = ma.fields.String(
        required=True,
        validate=ma.validate.Length(min=1, error=lazy_gettext("Fill this in.")),  # type: ignore[arg-type]
    )
    role = ma.fields.Enum(Role, by_value=True, required=True)
    language = ma.fields.String(
        load_default="",
        validate=ma.validate.OneOf(
            ["", *languages.CODES],
            error=lazy_gettext("Choose one of the languages."),  # type: ignore[arg-type]
        ),
    )
    until = Day(load_default=None)
    reason = Text(load_default="", most=REASON_MAX)


class EraseForm(Form):
    password = ma.fields.String(required=True)
    content = ma.fields.String(
        required=True,
        validate=ma.validate.OneOf(
            ["keep", "remove"],
            error=lazy_gettext("Say whether what you contributed stays or goes."),  # type: ignore[arg-type]
        ),
    )
