"""Past forecasts made again and compared with what was observed."""
