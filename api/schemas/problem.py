"""The problem document of RFC 9457, for the documentation; `api/problems.py` writes it."""

from pydantic import BaseModel, Field

from api.schemas.text import told


class FieldError(BaseModel):
    """One field that cannot be taken."""

    model_config = told(
        {"pointer": "/num_results", "code": "less_than_equal", "detail": "Input should be less than or equal to 100"}
    )

    pointer: str = Field(description="JSON pointer into the body; /query, /path or /header for parameters")
    code: str = Field(description="What kind of fault it is")
    detail: str = Field(description="What to change")


class Problem(BaseModel):
    """What every error is answered with (RFC 9457)."""

    model_config = told(
        {
            "type": "/docs/problems#not_found",
            "title": "There is no such thing",
            "status": 404,
            "detail": "There is no product with this id.",
            "instance": "/v1/products/prd_01939f3ce3b17a0fb2f9a2f64d0a5c11",
            "code": "not_found",
            "request_id": "01939f3ce3b17a0fb2f9a2f64d0a5c11",
        }
    )

    type: str = Field(description="Where the code is explained")
    title: str = Field(description="The code in words")
    status: int = Field(description="The HTTP status, again")
    detail: str = Field(description="What happened this time")
    instance: str = Field(description="The path that was asked for")
    code: str = Field(description="Stable; decide by this one")
    request_id: str = Field(description="Also in X-Request-Id; name it when you ask for help")
    errors: list[FieldError] | None = Field(default=None, description="On 422: the fields at fault")
