"""The description of a service's paths, as OpenAPI 3.1 has it."""

from __future__ import annotations

from collections.abc import Iterable

from taxonomy._core import io
from taxonomy.export.serving.limits import Limits

STEP = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "probability": {"type": "number"}},
    "required": ["name", "probability"],
}
SCHEMAS: dict[str, io.Json] = {
    "Error": {
        "type": "object",
        "properties": {"error": {"type": "string"}},
        "required": ["error"],
    },
    "Health": {
        "type": "object",
        "properties": {"status": {"const": "ok"}, "requests": {"type": "integer"}},
        "required": ["status", "requests"],
    },
    "Step": STEP,
    "Prediction": {
        "type": "object",
        "properties": {
            "classes": {"type": "array", "items": {"$ref": "#/components/schemas/Step"}},
            "path": {"type": "array", "items": {"$ref": "#/components/schemas/Step"}},
        },
        "required": ["classes", "path"],
    },
    "Classes": {
        "type": "object",
        "properties": {
            "classes": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"id": {"type": "string"}, "node": {"type": "integer"}},
                    "required": ["id", "node"],
                },
            },
            "nodes": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"name": {"type": "string"}, "parent": {"type": "integer"}},
                    "required": ["name", "parent"],
                },
            },
            "resolution": {"type": "integer"},
            "targets": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["classes", "nodes", "resolution", "targets"],
    },
}
REFUSALS = {
    400: "What was sent is wrong; the message says what.",
    408: "The body did not arrive in time.",
    413: "The body is too large, or the picture has too many pixels.",
    415: "The header Content-Type names something else.",
    422: "This expert is not exported in this way.",
    429: "This address asks too often; Retry-After says when to try again.",
    503: "Too many requests wait already; Retry-After says when to try again.",
}


def document(limits: Limits, targets: Iterable[str]) -> io.Json:
    """Return the description.

    Args:
        limits: on requests.
        targets: the formats of bundles.
    """
    picture = {"type": "string", "format": "binary", "maxLength": limits.max_bytes}
    named = {"type": "string", "description": "ids, separated by commas as in CSV; all if left out"}
    ids = {
        "type": "array",
        "items": {"type": "string"},
        "minItems": 1,
        "maxItems": limits.max_classes,
        "uniqueItems": True,
    }
    wanted = {
        "type": "object",
        "properties": {
            "classes": ids,
            "target": {"enum": list(targets), "default": "onnx"},
            "precision": {"enum": ["float", "int8"], "default": "float"},
        },
        "required": ["classes"],
        "additionalProperties": False,
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "taxonomy serve",
            "version": "1",
            "description": "Experts of one network: pick classes, name pictures, take a bundle.",
        },
        "paths": {
            "/": {"get": _answers("A page to try it on.", "text/html", {"type": "string"})},
            "/classes": {"get": _answers("The classes and their tree.", *_of("Classes"))},
            "/health": {"get": _answers("Whether it runs.", *_of("Health"), refusals=())},
            "/openapi.json": {
                "get": _answers("This description.", "application/json", {"type": "object"})
            },
            "/predict": {
                "post": {
                    "parameters": [
                        _parameter("classes", named),
                        _parameter("top", {"type": "integer", "minimum": 1, "default": 5}),
                    ],
                    "requestBody": _body(
                        {"image/png": picture, "image/jpeg": picture},
                        f"a PNG or JPEG file of at most {limits.max_pixels:,} pixels",
                    ),
                    **_answers(
                        "Classes of a picture, best first, and the way down to the first.",
                        *_of("Prediction"),
                        refusals=(400, 408, 413, 415, 429, 503),
                    ),
                }
            },
            "/bundle": {
                "post": {
                    "requestBody": _body({"application/json": wanted}, "the expert's classes"),
                    **_answers(
                        "The expert's bundle: a folder in a zip archive.",
                        "application/zip",
                        {"type": "string", "format": "binary"},
                        refusals=(400, 408, 413, 415, 422, 429, 503),
                    ),
                }
            },
        },
        "components": {"schemas": SCHEMAS},
    }


def _of(schema: str) -> tuple[str, io.Json]:
    return "application/json", {"$ref": f"#/components/schemas/{schema}"}


def _parameter(name: str, schema: io.Json) -> io.Json:
    return {"name": name, "in": "query", "required": False, "schema": schema}


def _body(kinds: dict[str, io.Json], text: str) -> io.Json:
    content = {kind: {"schema": schema} for kind, schema in kinds.items()}
    return {"required": True, "description": text, "content": content}


def _answers(
    summary: str, kind: str, schema: io.Json, refusals: tuple[int, ...] = (429,)
) -> dict[str, io.Json]:
    """Return what a path answers: the good answer, and the statuses of those that are refused."""
    responses = {"200": {"description": summary, "content": {kind: {"schema": schema}}}}
    for status in refusals:
        (error, wrong) = _of("Error")
        content = {error: {"schema": wrong}}
        responses[str(status)] = {"description": REFUSALS[status], "content": content}
    return {"summary": summary, "responses": responses}
