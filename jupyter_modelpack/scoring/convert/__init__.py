"""Between bytes of HTTP and what a script takes and returns."""
