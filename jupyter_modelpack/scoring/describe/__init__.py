"""Describe a service: Swagger, OpenAPI, metadata of the Open Inference Protocol."""
