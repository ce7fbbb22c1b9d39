"""The server that goes into images: runs an entry script behind `POST /score`.

It stands alone. The folder is copied into images as the package `modelpack_scoring` and started with
`python -m modelpack_scoring`, so nothing in here imports anything but the standard library, the two wheels
of requirements.txt and its own neighbours. It runs on every Python from 3.10 on.

    __main__          settings -> listener -> supervisor
    process/          the supervisor loads the script once, forks workers, replaces the dead, drains on SIGTERM;
                      a worker has its sockets on a side thread, the script on the main thread
    http/             bytes <-> Request / Response (httptools parses, limits.py bounds)
    app/              routes, keys, cross-origin rules
    run/              Request -> run() -> Response, by threads, in batches or in a loop
    script/           loads the entry script, with stand-ins for Azure's modules
    convert/          bodies and answers: JSON, forms, raw requests, tensors
    inference_schema/ the decorators of that package, stood in for
    describe/         swagger, OpenAPI, metadata of the Open Inference Protocol
    observe/          logs, metrics, traces, collected data
"""

VERSION = "0.1"
