"""Who may use the service, and from where."""
