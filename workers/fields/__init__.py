"""Fields answered: their cubes built, their series taken, forecast and classified."""
