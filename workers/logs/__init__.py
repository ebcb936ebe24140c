"""The form of log lines, and what they are about."""
