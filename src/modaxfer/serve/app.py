"""The application: ``/predict``, ``/health``, ``/openapi.json``, and a page to try the model by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from modaxfer.data.cells.columns import file_columns
from modaxfer.data.given import given_rows
from modaxfer.errors import DataError, MissingPackageError, ModaxferError, RunFailedError
from modaxfer.runner.predict.predictor import Predictor
from modaxfer.runner.predict.records import records
from modaxfer.serve.batching import Answers, FullError, Row
from modaxfer.serve.limits import BodyLimit
from modaxfer.serve.page import page
from modaxfer.serve.requests import MOST_ROWS, read_rows
from modaxfer.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Service", "make_app", "require_fastapi"]

BUDGET = 4
"""Bodies of the greatest size that are held at a time."""

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
    "img-src data:; media-src data:"
)
"""What the page may do: itself, and requests to this server."""

ROWS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["rows"],
    "properties": {"rows": {"type": "array", "minItems": 1, "maxItems": MOST_ROWS, "items": {}}},
}


def require_fastapi() -> None:
    """Check that the extra ``serve`` is there.

    Raises:
        MissingPackageError: It is not.
    """
    from importlib.util import find_spec

    for package in ("fastapi", "uvicorn"):
        if find_spec(package) is None:
            raise MissingPackageError(package, "modaxfer serve", "pip install 'modaxfer[serve]'")


class Service:
    """A run's model that answers rows.

    Args:
        run: A run's folder.
        device: As for `Predictor`.
        trust_remote_code: As for `Predictor`.
        **bounds: As for `Answers`.
    """

    def __init__(self, run: Path, *, device: str = "auto", trust_remote_code: bool = False, **bounds: Any) -> None:
        self.name = run.resolve().name
        self.predictor = Predictor(run, device=device, trust_remote_code=trust_remote_code)
        self.described = self.predictor.described
        self.answers = Answers(self.answer, **bounds)

    @property
    def columns(self) -> dict[str, str]:
        """Kind of each column that the model reads, by name."""
        kinds = {one.name: one.signal.kind for one in self.described.fields}
        return {name: kinds.get(name, "table") for name in file_columns(self.described.fields, self.described.types)}

    def answer(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """Return ``prediction``, ``scores`` by class and ``reason`` of each row; the last says why there is none."""
        try:
            made = records(self.predictor.predict_rows(given_rows([dict(row) for row in rows], self.described.fields)))
        except DataError as error:
            if len(rows) == 1:
                return [{"prediction": None, "reason": str(error)}]
            return [one for row in rows for one in self.answer([row])]
        return [{name: one[name] for name in ("prediction", "scores", "reason") if name in one} for one in made]


def make_app(service: Service, *, most: int, hosts: Sequence[str] = ("*",)) -> Any:
    """Return the application.

    Args:
        service: What answers.
        most: Bytes of one request.
        hosts: Names that a request may call this server by; a page of elsewhere cannot reach it by another.
    """
    from fastapi import FastAPI
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    app = FastAPI(title=f"modaxfer: {service.name}", version=__version__, docs_url=None, redoc_url=None)
    app.add_api_route("/", _page_of(service), methods=["GET"], include_in_schema=False)
    app.add_api_route("/health", _health_of(service), methods=["GET"], summary="Whether the model answers.")
    content = {"requestBody": {"required": True, "content": {"application/json": {"schema": ROWS_SCHEMA}}}}
    app.add_api_route(
        "/predict", _predict_of(service), methods=["POST"], summary="Predict rows.", openapi_extra=content
    )
    app.add_middleware(BodyLimit, most=most, budget=BUDGET * most)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))
    return app


def _predict_of(service: Service) -> Any:
    from fastapi import Request
    from fastapi.responses import JSONResponse

    columns, partial = service.columns, service.described.partial

    async def predict(request: Request) -> Any:
        try:
            made = await service.answers(read_rows(await request.body(), columns, partial=partial))
        except FullError as error:
            return JSONResponse({"error": str(error)}, 503, headers={"retry-after": "1"})
        except ModaxferError as error:
            if error.exit_status == 1:
                return JSONResponse({"error": str(_failed(error))}, 500)
            return JSONResponse({"error": str(error)}, 422)
        except Exception as error:  # Of many kinds, the model's own and its libraries'.
            return JSONResponse({"error": str(_failed(error))}, 500)
        unread = all(one["prediction"] is None for one in made)
        return JSONResponse({"error": made[0]["reason"]} if unread else {"predictions": made}, 422 if unread else 200)

    predict.__annotations__ = {"request": Request}
    return predict


def _failed(error: Exception) -> RunFailedError:
    """Return what is told of a model that fails; a library's message may hold what was sent, so only its kind is."""
    fix = "send the rows one by one to find which it is; `modaxfer predict --debug` shows where it failed"
    return RunFailedError("the model failed on these rows", got=type(error).__name__, fix=fix)


def _health_of(service: Service) -> Any:
    async def health() -> Mapping[str, Any]:
        answers = service.answers
        return {
            "status": "ok",
            "run": service.name,
            "modaxfer": __version__,
            "columns": service.columns,
            "waiting": len(answers.waiting),
            "answered": answers.answered,
            "remembered": answers.remembered,
        }

    health.__annotations__ = {}
    return health


def _page_of(service: Service) -> Any:
    from fastapi.responses import HTMLResponse

    made = page(service.name, service.columns)

    async def shown() -> Any:
        return HTMLResponse(made, headers={"content-security-policy": POLICY, "x-content-type-options": "nosniff"})

    shown.__annotations__ = {}
    return shown
