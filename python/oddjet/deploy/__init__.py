"""Models as single files and their scoring: ONNX and ONNX Runtime live here."""
