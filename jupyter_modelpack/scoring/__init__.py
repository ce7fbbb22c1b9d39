"""The server that goes into images: runs an entry script behind `POST /score`.

It stands alone. The folder is copied into images as the package `modelpack_scoring` and started with
`python -m modelpack_scoring`, so nothing in here imports anything but the standard library, the two wheels
of requirements.txt and its own neighbours. It runs on every Python from 3.10 on.

    __main__     settings -> listener -> supervisor
    supervisor   loads the script once, forks workers, replaces the dead, drains on SIGTERM
    worker       one process: sockets on a side thread, the script on the main thread
    connection   bytes <-> Request / Response (httptools parses, limits.py bounds)
    application  routes
    scorer       Request -> run() -> Response, by the rules of decode.py and encode.py
"""

VERSION = "0.1"
