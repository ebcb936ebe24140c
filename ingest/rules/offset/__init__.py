"""The offset of +1000 of processing baseline 04.00: left in, or subtracted twice, as the numbers show."""
