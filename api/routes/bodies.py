"""The shapes of bodies that come as JSON or as a form, for the API reference."""

from typing import Any

from api.schemas.products import EXAMPLE, ProductWrite

_FORM = ProductWrite.model_json_schema(ref_template="#/components/schemas/{model}")

_TEXT = {"type": "string"}
_LIST = {"type": "array", "items": _TEXT, "description": "Repeated, or one text with commas, or JSON"}
_PROPERTIES: dict[str, Any] = {
    name: {**_TEXT, "description": str(_FORM["properties"][name].get("description", ""))}
    for name in _FORM["properties"]
    if name != "photos"
}

PHOTOS: dict[str, Any] = {
    "type": "array",
    "items": {"type": "string", "contentMediaType": "application/octet-stream"},
    "maxItems": 10,
    "description": "JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF; at most 20 MB, 50 megapixels; at least 32 pixels a side",
}

FORM: dict[str, Any] = {
    "type": "object",
    "required": ["name"],
    "properties": {
        **_PROPERTIES,
        **dict.fromkeys(("colours", "sizes", "materials", "tags"), _LIST),
        "price": {**_TEXT, "description": 'As `{"amount": "49.90", "currency": "EUR"}` or as `49.90 EUR`'},
        "sale_price": {**_TEXT, "description": "Like `price`"},
        "attributes": {**_TEXT, "description": "A JSON object"},
        "photo": PHOTOS,
    },
}

WRITE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "JSON, or a form with the same fields and photos",
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/ProductWrite"}, "example": EXAMPLE},
            "multipart/form-data": {
                "schema": FORM,
                "example": {"name": EXAMPLE["name"], "category": "dress", "price": "49.90 EUR", "photo": ["(file)"]},
            },
        },
    }
}

PHOTOS_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "One to ten photos",
        "content": {
            "multipart/form-data": {
                "schema": {"type": "object", "required": ["photo"], "properties": {"photo": PHOTOS}},
                "example": {"photo": ["(file)"]},
            }
        },
    }
}

WANTED_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "Words as JSON; or a form with a photo, and in `request` the same JSON, where `prompt` may miss",
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/RecommendationRequest"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["photo"],
                    "properties": {
                        "photo": PHOTOS["items"] | {"description": PHOTOS["description"]},
                        "request": {"$ref": "#/components/schemas/RecommendationWish"},
                    },
                },
                "encoding": {"request": {"contentType": "application/json"}},
            },
        },
    }
}
