"""The networks: EarthPT, its tokens and queries, the class network and its trees."""
