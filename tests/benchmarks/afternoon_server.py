"""Baseline: what a competent developer has after an afternoon with FastAPI, transformers and Chroma. One process.

`CHECKPOINT` is a folder, `CHROMA_PORT` a Chroma server's. Run by uvicorn.
"""

import os
from typing import Annotated, Any
from uuid import uuid4

import chromadb
import torch
from fastapi import FastAPI, Form, UploadFile
from PIL import Image
from pydantic import BaseModel
from transformers import CLIPModel, CLIPProcessor

model = CLIPModel.from_pretrained(os.environ["CHECKPOINT"]).eval()
processor = CLIPProcessor.from_pretrained(os.environ["CHECKPOINT"])
chroma = chromadb.HttpClient(host="127.0.0.1", port=int(os.environ["CHROMA_PORT"]))
collection = chroma.get_or_create_collection("products", metadata={"hnsw:space": "cosine"}, embedding_function=None)
app = FastAPI()


class Search(BaseModel):
    prompt: str
    n: int = 10


@app.post("/products")
def add_product(name: Annotated[str, Form()], photo: UploadFile) -> dict[str, str]:
    image = Image.open(photo.file).convert("RGB")
    with torch.inference_mode():
        features = model.get_image_features(**processor(images=image, return_tensors="pt")).pooler_output
    product_id = str(uuid4())
    collection.add(ids=[product_id], embeddings=unit(features), metadatas=[{"name": name}])
    return {"id": product_id}


@app.post("/search")
def search(wanted: Search) -> list[dict[str, Any]]:
    with torch.inference_mode():
        words = processor(text=[wanted.prompt], return_tensors="pt", padding=True)
        features = model.get_text_features(**words).pooler_output
    found = collection.query(query_embeddings=unit(features), n_results=wanted.n, include=["metadatas", "distances"])
    rows = zip(found["ids"][0], found["metadatas"][0], found["distances"][0], strict=True)
    return [{"id": each, **metadata, "score": 1 - distance} for each, metadata, distance in rows]


def unit(features: torch.Tensor) -> Any:
    return torch.nn.functional.normalize(features, dim=-1).numpy()
