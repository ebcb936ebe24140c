"""The refusal that rules and readers of files raise; who opened the file makes a sentence of it."""


class Refused(ValueError):
    """Why an input is not read: a clause that goes on from the name of the file, without a full stop."""
