"""Standing orders: an order that is carried out again when new scenes arrive, or every so many days."""
