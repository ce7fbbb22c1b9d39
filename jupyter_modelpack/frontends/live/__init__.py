"""What panels of notebooks and JupyterLab show while things change."""
