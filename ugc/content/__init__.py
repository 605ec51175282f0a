"""Contributed content: the life of what members write, declared by its capability as a kind and
kept in one place: submitted, edited, withdrawn, shown or hidden by moderators, erased."""
