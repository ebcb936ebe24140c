"""What a job costs, and the limit that an order may set."""
