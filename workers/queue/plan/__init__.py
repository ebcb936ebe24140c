"""Reading the plan of a job: its tiles, one or a page at a time."""
