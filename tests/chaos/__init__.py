"""`make chaos`: a service of real processes, broken on purpose in every way that is known; one table at its end.

A script, not pytest: rows run side by side, one that fails ends no other, and what is wanted is the table.
"""
