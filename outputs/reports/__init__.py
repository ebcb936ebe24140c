"""Reports: one form for every evaluation, rendered as text, as a page, or written to a file.

An evaluation returns its report as data (report.py), so that terminal and page show the same sentences and figures.
"""
