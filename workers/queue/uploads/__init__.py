"""What was sent with an order and is too large for its row: the polygons of fields."""
