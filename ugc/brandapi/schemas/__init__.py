"""What the API takes: one schema per resource, used to check requests and to write the OpenAPI
description."""
