"""The side panel's half in the Jupyter server; the only subpackage that knows jupyter_server and tornado."""
