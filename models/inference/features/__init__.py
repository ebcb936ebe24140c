"""Features of series made by torch on a device, equal to those that NumPy makes on a CPU. No network, no files.

Each module is the twin of one of NumPy: the same steps in the same order, float64 where that is float64, so that
results differ by rounding alone. tests/models/inference/features compares them.
"""
