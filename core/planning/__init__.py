"""How regions of any size are cut into map sheets."""
