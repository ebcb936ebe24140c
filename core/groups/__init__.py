"""Groups of settings by concern, in files of their own; all of them together: core/settings.py."""
