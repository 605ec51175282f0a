"""How tests name the decisions of moderators."""

# The button of the queue by how its decision is stored; `false` and `cleared` are of rings.
ACTION_OF = {
    "approved": "approve",
    "refused": "refuse",
    "false": "find_false",
    "cleared": "clear",
}
