"""The side panel's half in the Jupyter server; the only room that knows jupyter_server and tornado."""
