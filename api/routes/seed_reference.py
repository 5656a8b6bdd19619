"""Bodies of the seed's routes, for the API reference."""

from typing import Any

from api.routes.bodies import PHOTOS
from api.schemas.seed import SeedAsk

_TEXT = {"type": "string"}

CHANGE_BODY: dict[str, Any] = {
    "requestBody": {
        "description": "A form; the photo may be in `photo` or `Photo`",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "photo": {**PHOTOS["items"], "description": PHOTOS["description"]},
                        "api_key": {**_TEXT, "description": "A secret key, where the path has none"},
                        "name": {**_TEXT, "description": "At most 250 characters"},
                        "description": {**_TEXT, "description": "For people"},
                        "category": {**_TEXT, "description": "Name or id; a new name is added"},
                        "style": {**_TEXT, "description": "Name or id; a new name is added"},
                        "age_group": {**_TEXT, "description": "Name or id; a new name is added"},
                    },
                },
                "example": {"photo": "(file)", "api_key": "fm_sk_…", "name": "Red summer dress"},
            }
        },
    }
}

_FORM = CHANGE_BODY["requestBody"]["content"]["multipart/form-data"]
IMAGE_BODY: dict[str, Any] = {
    "requestBody": {
        **CHANGE_BODY["requestBody"],
        "required": True,
        "content": {
            "multipart/form-data": {**_FORM, "schema": {**_FORM["schema"], "required": ["photo", "name"]}},
        },
    }
}

_ASK = SeedAsk.model_json_schema()
ASK_BODY: dict[str, Any] = {
    "requestBody": {
        "description": "As JSON, also with GET; for GET the same fields may be in the query",
        "content": {
            "application/json": {
                "schema": {
                    **_ASK,
                    "properties": {
                        **_ASK["properties"],
                        "api_key": {**_TEXT, "description": "A secret key; a header will do as well"},
                    },
                }
            }
        },
    }
}
