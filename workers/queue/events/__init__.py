"""What happened to jobs: events, the time that is left, how long tiles took. Changes of state: workers/queue."""
