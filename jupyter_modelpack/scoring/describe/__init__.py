"""What a service says of itself: swagger, OpenAPI, Open Inference metadata."""
