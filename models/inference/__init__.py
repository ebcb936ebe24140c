"""Networks run on inputs that are ready: ONNX Runtime on a CPU, torch on a CUDA card. No features, no calibration."""
