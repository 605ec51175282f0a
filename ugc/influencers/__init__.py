"""Prescriptores: the scores of those who spread, what members agree to be shown and asked."""
