"""The report of one finished map on one page: what it shows, how sure it is, what is missing, where it comes from."""
