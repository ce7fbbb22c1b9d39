"""jupyter_modelpack."""
