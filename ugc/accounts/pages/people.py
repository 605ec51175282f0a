"""How every page shows a member: one helper for the name with the picture, one for the picture.
Initials are text in a coloured disc, which the photo covers: what is not loaded, hidden meanwhile
or gone leaves the initials, without a script."""

from __future__ import annotations

from typing import Any

from flask import url_for
from markupsafe import Markup

from ugc.accounts.pages.base import bp
from ugc.accounts.queries import finding as finding_queries
from ugc.core import people
from ugc.search import finding


@bp.app_template_global()
def avatar(handle: Any, size: str = "") -> Markup:
    """The member's photo over their initials; decoration beside the name. `size` is '', `large` or
    `small`."""
    who = people.who(handle)
    look = f"avatar avatar--{size}" if size else "avatar"
    return Markup('<span class="{} avatar--hue-{}" aria-hidden="true">{}{}</span>').format(
        look, who.hue, who.initials, _photo(who, size)
    )


def _photo(who: people.Who, size: str) -> Markup:
    if not who.picture:
        return Markup("")
    side = people.LARGE_PX if size == "large" else people.SMALL_PX
    return Markup(
        '<img class="avatar__photo" src="{}" alt="" width="{}" height="{}" loading="lazy"'
        ' decoding="async">'
    ).format(who.picture_path(side), side, side)


@bp.app_template_global()
def named(handle: Any, picture: bool = True, link: bool = True) -> Markup:
    """The member's picture and name, with the handle behind a chosen name, as a link to the
    profile."""
    who = people.who(handle)
    name = (
        Markup('<bdi class="who__name">{}</bdi> <span class="who__handle">@{}</span>').format(
            who.name, str(who)
        )
        if who.name
        else Markup('<span class="who__name">{}</span>').format(str(who))
    )
    face = avatar(who, "small") if picture else Markup("")
    if not link:
        return Markup('<span class="who">{}{}</span>').format(face, name)
    address = url_for("accounts.profile_page", handle=str(who))
    return Markup('<a class="who" href="{}">{}{}</a>').format(address, face, name)


@bp.app_template_global()
def initials_of(name: str) -> str:
    return people.initials(name)


@bp.app_template_filter("called")
def called(handle: Any) -> str:
    """What a member is called, for the middle of a sentence."""
    return people.who(handle).in_text


@bp.app_template_filter("in_full")
def in_full(handle: Any) -> str:
    """What a member is called with the handle, where it must be plain who it is."""
    return people.who(handle).full


finding.register("members", finding_queries.find)
