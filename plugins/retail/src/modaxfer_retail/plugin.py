"""Tasks on goods for sale. Light: specs only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from modaxfer import hookimpl
from modaxfer.spec import IMAGE, TABLE, TEXT, Field, FolderSource, SampleSource, SplitPolicy, Target, TaskSpec

if TYPE_CHECKING:
    from collections.abc import Iterable

MODAXFER_API = 0

_PHOTO = Field(name="image", signal=IMAGE, doc="The article on white, 224 x 224 pixels, colour.")
_TITLE = Field(name="title", signal=TEXT, doc="Its title in the shop: brand, who wears it, pattern, colour, kind.")

_FASHION_PRODUCTS = TaskSpec(
    name="fashion-products",
    fields=(_PHOTO, _TITLE),
    target=Target(
        column="label",
        problem="multiclass",
        classes=(
            "Bags",
            "Belts",
            "Bottomwear",
            "Eyewear",
            "Flip Flops",
            "Headwear",
            "Innerwear",
            "Sandal",
            "Shoes",
            "Socks",
            "Ties",
            "Topwear",
            "Wallets",
            "Watches",
        ),
    ),
    sources=(FolderSource(name="fashion-products"), SampleSource(target="modaxfer_retail.fashion:products")),
    metrics=("f1_macro", "accuracy", "balanced_accuracy", "matthews_corrcoef"),
    primary="f1_macro",
    # Sizes and shades of one article share its title: those of test leave train.
    splits=SplitPolicy(group=("title",), disjoint=("title",)),
    domain="retail",
    licence="MIT on its home page; photos of a shop's catalogue: research use",
    summary="Kind of fashion article, of 14, from photo and title; the title alone nearly tells it (Fashion Product "
    "Images, Aggarwal 2019).",
    url="https://www.kaggle.com/datasets/paramaggarwal/fashion-product-images-small",
    keep=("id",),
)

_FASHION_PHOTO = replace(
    _FASHION_PRODUCTS,
    name="fashion-photo",
    fields=(_PHOTO,),
    summary="Kind of fashion article, of 14, from the photo alone (Fashion Product Images, Aggarwal 2019).",
)

_FASHION_SEASON = replace(
    _FASHION_PRODUCTS,
    name="fashion-season",
    target=Target(column="season", problem="multiclass", classes=("Spring", "Summer", "Fall", "Winter")),
    summary="Season for which a fashion article was listed, from photo and title; 2 % are for spring (Fashion Product "
    "Images, Aggarwal 2019).",
)

# One field at a time, test rows all the same: what a model of both is measured against.
_FASHION_TITLE = replace(
    _FASHION_PRODUCTS,
    name="fashion-title",
    fields=(_TITLE,),
    summary="Kind of fashion article, of 14, from the title alone, which nearly tells it (Fashion Product Images, "
    "Aggarwal 2019).",
)

_FASHION_SEASON_PHOTO = replace(
    _FASHION_SEASON,
    name="fashion-season-photo",
    fields=(_PHOTO,),
    summary="Season for which a fashion article was listed, from the photo alone (Fashion Product Images, Aggarwal "
    "2019).",
)

_FASHION_SEASON_TITLE = replace(
    _FASHION_SEASON,
    name="fashion-season-title",
    fields=(_TITLE,),
    summary="Season for which a fashion article was listed, from the title alone (Fashion Product Images, Aggarwal "
    "2019).",
)

_HOUSES = TaskSpec(
    name="houses",
    fields=(
        Field(name="frontal", signal=IMAGE, doc="The house from the street, 160 x 160 pixels, colour."),
        Field(name="bedroom", signal=IMAGE, doc="A bedroom."),
        Field(name="bathroom", signal=IMAGE, doc="A bathroom."),
        Field(name="kitchen", signal=IMAGE, doc="The kitchen."),
        Field(name="bedrooms", signal=TABLE, doc="Number of bedrooms.", unit="rooms"),
        Field(name="bathrooms", signal=TABLE, doc="Number of bathrooms; a quarter or half lacks a tub.", unit="rooms"),
        Field(name="area", signal=TABLE, doc="Living area.", unit="square feet"),
        # A name, not a quantity: half of a zip code means nothing.
        Field(name="zipcode", signal=TABLE, doc="US postal code, as a category."),
    ),
    target=Target(column="price", problem="regression", unit="dollars"),
    sources=(FolderSource(name="houses"), SampleSource(target="modaxfer_retail.houses:houses")),
    # A few mansions decide the squared error; the mean absolute error is what a buyer would ask for.
    metrics=("mae", "rmse", "r2"),
    primary="mae",
    domain="real estate",
    licence="none stated; authors ask for citation",
    summary="Asking price of a house from four photos and four columns (Ahmed & Moustafa 2016).",
    url="https://github.com/emanhamed/Houses-dataset",
    keep=("house",),
)

_HOUSES_PRICE_CLASS = replace(
    _HOUSES,
    name="houses-price-class",
    target=Target(column="label", problem="multiclass", classes=("low", "middle", "high")),
    metrics=("accuracy", "f1_macro", "balanced_accuracy", "matthews_corrcoef"),
    primary="accuracy",
    summary="Third of the prices that a house falls into, parted at 385,000 and 630,000 dollars, from four photos and "
    "four columns (Ahmed & Moustafa 2016).",
)


@hookimpl
def modaxfer_tasks() -> Iterable[TaskSpec]:
    """Return the retail tasks."""
    fashion = (_FASHION_PRODUCTS, _FASHION_PHOTO, _FASHION_TITLE)
    season = (_FASHION_SEASON, _FASHION_SEASON_PHOTO, _FASHION_SEASON_TITLE)
    return *fashion, *season, _HOUSES, _HOUSES_PRICE_CLASS
