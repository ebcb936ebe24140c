"""The process `fields`: described, estimated, ordered. How fields are answered: workers/fields."""
