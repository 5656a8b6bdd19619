"""Bodies of the seed's own routes, in its words."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from api.schemas.recommendations import RESULTS_DEFAULT, NumResults, Prompt
from api.schemas.text import told

_IMAGE = {
    "ImageID": 17,
    "Photo": "https://fitmatch.example/v1/photos/pho_01939f3ce3b17a0fb2f9a2f64d0a5c11/content?size=medium&expires=…",
    "name": "Red summer dress",
    "description": "",
    "Category": "dress",
    "Styles": "casual",
    "AgeGroup": "adult",
    "Processor_embedded": True,
}
_ROW = {
    "id": 17,
    "image": _IMAGE["Photo"],
    "description": "",
    "name": "Red summer dress",
    "category": "dress",
    "style": "casual",
    "distance": 0.688,
}


class Image(BaseModel):
    """A product and its first photo."""

    model_config = told(_IMAGE)

    ImageID: int = Field(description="`{pk}` in paths")
    Photo: str | None = Field(description="Signed address of its first photo")
    name: str = Field(description="What people call it")
    description: str = Field(description="For people")
    Category: str | None = Field(description="Name of the category")
    Styles: str | None = Field(description="Name of the style")
    AgeGroup: str | None = Field(description="Name of the age group")
    Processor_embedded: bool = Field(description="Whether it answers prompts")


class Row(BaseModel):
    """One recommended image."""

    model_config = told(_ROW)

    id: int = Field(description="Its ImageID")
    image: str = Field(description="Signed address of the photo that fits best")
    description: str = Field(description="For people")
    name: str = Field(description="What people call it")
    category: str | None = Field(description="Name of the category")
    style: str | None = Field(description="Name of the style")
    distance: float = Field(description="1 - cosine: 0 is the same direction")


class RecommendList(BaseModel):
    """Images, nearest first."""

    model_config = told({"recommend_list": [_ROW]})

    recommend_list: list[Row] = Field(description="At most `num_results`")


def _or_default(value: object) -> object:
    return RESULTS_DEFAULT if value in (None, "") else value


class SeedAsk(BaseModel):
    """A prompt, as the seed's clients send it; what else they send is passed over."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        json_schema_extra={"example": {"prompt": "summer dress", "api_key": "fm_sk_…", "num_results": 5}},
    )

    prompt: Prompt = Field(description="In the shopper's words")
    num_results: Annotated[NumResults, BeforeValidator(_or_default)] = Field(
        default=RESULTS_DEFAULT, description="How many images"
    )
