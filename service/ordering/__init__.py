"""Orders of all processes: their values, and how they become jobs. Which processes there are: service/processes.py."""
