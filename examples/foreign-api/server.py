"""A small shop: items and orders. It keeps to openapi.yaml, unless BUG names one of the mistakes below."""

import os
import sys
from typing import Annotated, Literal, Optional

import uvicorn
from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from starlette.exceptions import HTTPException

BUGS = {
    "crash-at-most": "an order of the largest quantity is a crash",
    "crash-at-longest": "a name of 40 letters is a crash",
    "price-below-zero": "a price below zero is taken",
    "any-category": "a category that isn't one is taken",
    "length-in-bytes": "a name is measured in bytes",
    "sku-begins-right": "a sku only has to begin as it should",
    "note-is-needed": "an order without a note is refused",
    "null-name": "null is taken for a name",
    "unforeseen": "members that nobody knows are taken",
    "deleted-200": "deleting answers 200, which the document doesn't know",
    "price-is-text": "the price of an item is answered as text",
    "list-is-text": "the list is answered as plain text",
    "no-location": "a new item has no location",
    "delete-nothing": "a deleted item is still there",
    "pages-overlap": "each page begins with the last item of the one before",
    "filter-ignored": "the list is the same for all categories",
    "update-forgets": "a change forgets the description",
    "trace": "an item that is refused is listed all the same",
}
BUG = os.environ.get("BUG", "")


def whole(value):
    """2.0 is a whole number: JSON knows one kind of number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(whole)]
Category = Literal["tool", "toy", "book"]


class Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore" if BUG == "unforeseen" else "forbid")


def measured(name):
    if BUG == "crash-at-longest" and isinstance(name, str) and len(name) == 40:
        raise RuntimeError("the buffer is too small")
    if BUG == "length-in-bytes" and isinstance(name, str) and len(name.encode()) > 40:
        raise ValueError("the name is too long")
    return "" if BUG == "null-name" and name is None else name


class NewItem(Strict):
    name: Annotated[str, Field(min_length=0 if BUG == "null-name" else 1, max_length=40), BeforeValidator(measured)]
    sku: Annotated[str, Field(pattern=r"^[A-Z]{3}-[0-9]{4}" if BUG == "sku-begins-right" else r"\A[A-Z]{3}-[0-9]{4}\z")]
    category: str if BUG == "any-category" else Category
    price: Annotated[Whole, Field(ge=-(2**40) if BUG == "price-below-zero" else 0, le=1_000_000)]
    description: Optional[Annotated[str, Field(max_length=200)]] = None


class NewOrder(Strict):
    item_id: Annotated[Whole, Field(ge=1)]
    quantity: Annotated[Whole, Field(ge=1, le=1000)]
    note: Annotated[str, Field(max_length=100)] = ... if BUG == "note-is-needed" else ""


app = FastAPI(openapi_url=None)
items: dict[int, dict] = {}
orders: dict[int, dict] = {}
last = {"item": 0, "order": 0}


def refused(status, message, headers=None):
    return JSONResponse({"error": message}, status, headers)


@app.exception_handler(RequestValidationError)
async def invalid(request: Request, error: RequestValidationError):
    if BUG == "trace" and request.method == "POST" and request.url.path == "/items" and isinstance(error.body, dict):
        add({"name": "?", "sku": "AAA-0000", "category": "toy", "price": 0, "description": None})
    return refused(400, "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()))


@app.exception_handler(HTTPException)
async def failed(_: Request, error: HTTPException):
    return refused(error.status_code, str(error.detail), error.headers)


def found(things, key):
    if key not in things:
        raise HTTPException(404, f"{key} isn't there")
    return things[key]


def add(item):
    last["item"] += 1
    items[last["item"]] = {"id": last["item"], **item}
    return items[last["item"]]


@app.post("/items")
async def create_item(item: NewItem):
    made = add(item.model_dump())
    headers = {} if BUG == "no-location" else {"location": f"/items/{made['id']}"}
    return JSONResponse(made, 201, headers)


@app.get("/items")
async def list_items(
    category: Optional[Category] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
):
    chosen = [item for item in items.values() if category in (None, item["category"]) or BUG == "filter-ignored"]
    start = max(0, offset - 1) if BUG == "pages-overlap" else offset
    body = {"items": chosen[start : start + limit], "total": len(chosen)}
    return PlainTextResponse(str(body)) if BUG == "list-is-text" else body


@app.get("/items/{item_id}")
async def get_item(item_id: int):
    item = found(items, item_id)
    return {**item, "price": str(item["price"])} if BUG == "price-is-text" else item


@app.put("/items/{item_id}")
async def update_item(item_id: int, item: NewItem):
    old = found(items, item_id)
    new = item.model_dump()
    if BUG == "update-forgets":
        new["description"] = None
    items[item_id] = {"id": old["id"], **new}
    return items[item_id]


@app.delete("/items/{item_id}")
async def delete_item(item_id: int):
    found(items, item_id)
    if BUG != "delete-nothing":
        del items[item_id]
    return refused(200, "gone") if BUG == "deleted-200" else Response(status_code=204)


@app.post("/orders")
async def create_order(order: NewOrder):
    if order.item_id not in items:
        return refused(409, f"there is no item {order.item_id}")
    if BUG == "crash-at-most" and order.quantity == 1000:
        raise RuntimeError("there are too many of them")
    last["order"] += 1
    orders[last["order"]] = {"id": last["order"], "state": "open", **order.model_dump()}
    return JSONResponse(orders[last["order"]], 201)


@app.get("/orders/{order_id}")
async def get_order(order_id: int):
    return found(orders, order_id)


@app.post("/orders/{order_id}/cancel")
async def cancel_order(order_id: int):
    order = found(orders, order_id)
    if order["state"] != "open":
        return refused(409, "the order isn't open")
    order["state"] = "cancelled"
    return order


if __name__ == "__main__":
    if sys.argv[1:] == ["bugs"]:
        print("\n".join(f"{name}\t{meaning}" for name, meaning in BUGS.items()))
    else:
        uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="critical")
