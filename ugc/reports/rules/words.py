"""How codes of reports and votes read. Pure."""

from __future__ import annotations

from flask_babel import lazy_gettext

# How the codes of the time line read; `%(n)s` is how many.
MOMENTS = {
    "posted": lazy_gettext("Reported"),
    "history": lazy_gettext("Added as history"),
    "imported": lazy_gettext("Taken from its source"),
    "confirmed": lazy_gettext("Still there, said %(n)s"),
    "denied": lazy_gettext("Not there, said %(n)s"),
    "edited": lazy_gettext("Its author changed the text"),
    "corrected_kind": lazy_gettext("Its author corrected what it is; before it was: %(before)s"),
    "corrected_place": lazy_gettext("Its author corrected where it is"),
    "closed_by_author": lazy_gettext("Its author said that it is over"),
    "closed_by_moderator": lazy_gettext("A moderator closed it"),
    "denied_by_many": lazy_gettext("Enough people said that it is not there"),
    "official_answer": lazy_gettext("Official answer"),
    "life_over": lazy_gettext("Nobody said that it was still there: it left the map"),
    "still_there": lazy_gettext("Somebody said that it is still there: it is back"),
    "reopened": lazy_gettext("Reopened"),
    "withdrawn": lazy_gettext("Its author took it back"),
    "merged": lazy_gettext("Merged into another report"),
    "merged_in": lazy_gettext("Another report of the same thing was merged into this one"),
}
DAMPINGS = {
    "newcomer": lazy_gettext("from accounts of less than a day"),
    "stranger": lazy_gettext("from accounts that are not established yet"),
    "together": lazy_gettext("from accounts that always move together"),
    "no_position": lazy_gettext("without the position of who said it"),
    "far": lazy_gettext("from too far away to have seen it"),
    "too_fast": lazy_gettext("from people who cannot have come so far so fast"),
    "moved": lazy_gettext("from far from where it is since its author corrected that"),
}

OUTCOMES = {
    "counts": lazy_gettext("Thank you. Your word counts."),
    "less": lazy_gettext("Thank you. Your word counts, but it weighs less."),
    "nothing": lazy_gettext("Thank you. Your word is on record, but it changes nothing now."),
    "said": lazy_gettext("You said this before. It counts again when somebody says the opposite."),
    "ended": lazy_gettext(
        "Thank you. With your word enough people said that it is not there: the report is over."
    ),
    "back": lazy_gettext("Thank you. The report is back on the map."),
    "not_back": lazy_gettext(
        "Thank you, but your word weighs too little to bring the report back."
    ),
}
# Why a person's own word weighs less, told to them.
WHY_LESS = {
    "newcomer": lazy_gettext("You joined less than a day ago."),
    "stranger": lazy_gettext(
        "Accounts without approved contributions weigh little, all of them together."
    ),
    "together": lazy_gettext("Other accounts always say the same as yours: together they are one."),
    "no_position": lazy_gettext("You sent no position: send it and say it again to weigh twice."),
    "far": lazy_gettext("You are too far away to have seen it."),
    "too_fast": lazy_gettext("You cannot have come that far so fast."),
    "moved": lazy_gettext("Its author moved it away from where you were."),
}
