"""A class model from the labels of a user."""
