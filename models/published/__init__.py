"""Files of the published EarthPT code: converted, checked, and run."""
