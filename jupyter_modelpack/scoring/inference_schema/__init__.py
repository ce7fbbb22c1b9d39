"""The decorators of `inference_schema`, stood in for."""
