"""The validation report of a class model."""
