"""The inbox as a Starlette application: routes, forms, live updates. `build_app` needs a store, a guard and a line."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from schemas.errors import VoceroError
from sinks.base import Sink
from streams.inbox.desk import Desk
from streams.inbox.guard import HEADERS, Guard, Session
from streams.inbox.pages import Pages
from streams.inbox.reading import Board, query_of

log = logging.getLogger(__name__)

STATIC = Path(__file__).with_name("static")
MAX_FORM = 64 * 1024
LIVE_SECONDS = 2.0
LIVE_BEAT = 15.0
LIVE_AT_MOST = 100
"""Pages that are told of changes at a time; one more shows what is there, and has to be loaded again by hand."""


def build_app(
    sink: Sink,
    guard: Guard,
    desk: Desk,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    live_seconds: float = LIVE_SECONDS,
    stopping: Callable[[], bool] = lambda: False,
) -> Starlette:
    """The application over an opened store. `stopping` ends live updates, so that a server can stop in order."""
    inbox = _Inbox(Board(sink), guard, desk, Pages(now), live_seconds, stopping)
    routes = [
        Route("/", inbox.home),
        Route("/queue/{queue}", inbox.queue),
        Route("/case/{case}", inbox.case),
        Route("/case/{case}/step", inbox.step, methods=["POST"]),
        Route("/post/{post}", inbox.post),
        Route("/post/{post}/correct", inbox.correct, methods=["POST"]),
        Route("/post/{post}/part", inbox.part, methods=["POST"]),
        Route("/suggestions", inbox.suggestions),
        Route("/live", inbox.live),
        Route("/enter", inbox.enter, methods=["GET", "POST"]),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    handlers: Any = {HTTPException: inbox.http_error, VoceroError: inbox.failed}
    return Starlette(
        routes=routes, middleware=[Middleware(BaseHTTPMiddleware, dispatch=inbox.guarded)], exception_handlers=handlers
    )


class _Inbox:
    """The handlers. What reads the store or waits for Kafka runs in a thread."""

    def __init__(
        self,
        board: Board,
        guard: Guard,
        desk: Desk,
        pages: Pages,
        live_seconds: float,
        stopping: Callable[[], bool],
    ) -> None:
        self._stopping = stopping
        self._board = board
        self._guard = guard
        self._desk = desk
        self._pages = pages
        self._live_seconds = live_seconds
        self._watching = 0

    async def guarded(self, request: Request, call_next: Callable[[Request], Any]) -> Response:
        """Before and after every request: the Host, the session, the token; and the headers of every answer."""
        if not self._guard.host_allowed(request):
            response: Response = Response("this is not the name of the inbox\n", 421, media_type="text/plain")
        else:
            session = self._guard.session(request)
            request.state.session = session
            request.state.after = replace(session, told=None)  # a message is shown once
            free = request.url.path == "/enter" or request.url.path.startswith("/static/")
            if free or self._guard.admitted(session):
                response = await self._answered(request, call_next)
                kept = request.url.path in ("/live",) or request.url.path.startswith("/static/")
                if not kept:
                    self._guard.remember(response, request.state.after)
            else:
                response = RedirectResponse("/enter", 303)
        response.headers.update(HEADERS)
        return response

    async def _answered(self, request: Request, call_next: Callable[[Request], Any]) -> Response:
        try:
            response: Response = await call_next(request)
        except Exception as error:
            # a page that fails takes no other with it; the error may hold words of a post, and those go into no log
            log.exception("inbox: a page failed (%s)", type(error).__name__, exc_info=False)
            return self._html(request, "sorry.html.j2", 500, queue=None, why="This page failed.")
        return response

    async def home(self, _: Request) -> Response:
        """Complaints come first."""
        return RedirectResponse("/queue/complaint", 303)

    async def queue(self, request: Request) -> Response:
        """A page of a queue."""
        name = request.path_params["queue"]
        given = _given(request)
        if name not in ("complaint", "suggestion", "praise"):
            raise HTTPException(404)
        page = int(number) if (number := given.get("page", "1")).isdigit() and 0 < int(number[:6]) <= 400 else 1
        return await run_in_threadpool(self._queue, request, name, given, page)

    def _queue(self, request: Request, name: str, given: dict[str, str], page: int) -> Response:
        found = self._board.queue(query_of(name, given), page)
        return self._html(
            request,
            "queue.html.j2",
            queue=name,
            found=found,
            given=given,
            options=self._board.options(name),
            marker=self._board.marker(),
        )

    async def case(self, request: Request) -> Response:
        """A case with everything around it."""
        return await run_in_threadpool(self._case, request)

    def _case(self, request: Request) -> Response:
        key, given = request.path_params["case"], _given(request)
        case = self._board.case(key)
        if case is None:
            raise HTTPException(404)
        before, after = self._board.neighbours(key, query_of(case.queue, given))
        return self._html(
            request,
            "case.html.j2",
            queue=case.queue,
            case=case,
            shown=self._board.shown(case.identity),
            topics=self._board.topics(),
            others=self._board.others_of(case),
            before=before,
            after=after,
            given=given,
            marker=self._board.marker(key),
        )

    async def post(self, request: Request) -> Response:
        """A post, whether or not it has a case."""
        return await run_in_threadpool(self._post, request)

    def _post(self, request: Request) -> Response:
        shown = self._board.shown(request.path_params["post"])
        if shown.post is None:
            raise HTTPException(404)
        return self._html(
            request, "case.html.j2", queue=None, case=None, shown=shown, topics=self._board.topics(), others=0,
            before=None, after=None, given={}, marker="",
        )  # fmt: skip

    async def suggestions(self, request: Request) -> Response:
        """Suggestions counted by product."""
        return await run_in_threadpool(self._suggestions, request)

    def _suggestions(self, request: Request) -> Response:
        counted, whole = self._board.suggestions()
        return self._html(request, "suggestions.html.j2", queue="suggestion", counted=counted, whole=whole)

    async def step(self, request: Request) -> Response:
        """A step in a case, from a form."""
        form = await self._form(request)
        key = request.path_params["case"]
        actor = form["actor"]
        told = await run_in_threadpool(self._desk.step, self._board, key, form)
        return self._told(request, f"/case/{key}", form, actor, told)

    async def correct(self, request: Request) -> Response:
        """A person's word on a post, from a form."""
        form = await self._form(request, lists=("intents",))
        return await self._said(request, form, self._desk.correct)

    async def part(self, request: Request) -> Response:
        """A person's word that two posts do not tell the same complaint, from a form."""
        return await self._said(request, await self._form(request), self._desk.part)

    async def _said(self, request: Request, form: dict[str, Any], say: Callable[..., tuple[str, str]]) -> Response:
        key = request.path_params["post"]
        told = await run_in_threadpool(say, self._board, key, form)
        back = form["back"] if form["back"].startswith("case-") else ""
        return self._told(request, f"/case/{back}" if back else f"/post/{key}", form, form["actor"], told)

    def _told(self, request: Request, place: str, form: dict[str, Any], actor: str, told: tuple[str, str]) -> Response:
        request.state.after = replace(request.state.session, actor=actor[:100], told=told)
        query = form["query"][:500]
        # only ever to a page of ours: what comes from the form stays behind the question mark
        return RedirectResponse(f"{place}?{query}" if query else place, 303)

    async def enter(self, request: Request) -> Response:
        """Asks for the token."""
        session: Session = request.state.session
        if request.method == "GET":
            return self._html(request, "enter.html.j2", queue=None, refused=False)
        form = await self._form(request)
        if not self._guard.token_is(form["token"]):
            await asyncio.sleep(1.0)  # guessing is slow
            return self._html(request, "enter.html.j2", 403, queue=None, refused=True)
        request.state.after = replace(session, known=True)
        return RedirectResponse("/queue/complaint", 303)

    async def live(self, request: Request) -> Response:
        """Server-sent events: one message when the case, or any case, changes."""
        if self._watching >= LIVE_AT_MOST:
            raise HTTPException(503)
        case = request.query_params.get("case")
        seen = request.query_params.get("seen", "")
        return StreamingResponse(self._changes(request, case, seen), media_type="text/event-stream")

    async def _changes(self, request: Request, case: str | None, seen: str) -> AsyncIterator[str]:
        self._watching += 1
        quiet = 0.0
        try:
            yield "retry: 5000\n\n"
            while not (self._stopping() or await request.is_disconnected()):
                try:
                    mark = await run_in_threadpool(self._board.marker, case)
                except VoceroError:
                    mark = seen  # the store is away: nothing to tell
                if mark != seen:
                    seen, quiet = mark, 0.0
                    yield f"event: changed\ndata: {msgspec.json.encode(mark).decode()}\n\n"
                elif quiet >= LIVE_BEAT:
                    quiet = 0.0
                    yield ": still here\n\n"
                await asyncio.sleep(self._live_seconds)
                quiet += self._live_seconds
        finally:
            self._watching -= 1

    async def _form(self, request: Request, lists: tuple[str, ...] = ()) -> dict[str, Any]:
        """The form's fields as text, an empty one where there is none; raises 403 unless the form is ours."""
        length = request.headers.get("content-length", "")
        if not length.isdigit() or int(length) > MAX_FORM:
            raise HTTPException(413)
        if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            raise HTTPException(415)
        sent: FormData = await request.form(max_fields=100)
        if not self._guard.form_is_ours(request, request.state.session, str(sent.get("csrf", ""))):
            raise HTTPException(403)
        return _Fields(
            {name: str(value) for name, value in sent.items()}
            | {name: [str(value) for value in sent.getlist(name)] for name in lists}
        )

    def _html(self, request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:
        session: Session = request.state.session
        counts = {} if template in ("enter.html.j2", "sorry.html.j2") else self._counts()
        page = self._pages.render(
            template,
            session=session,
            csrf=self._guard.csrf(session),
            query=request.url.query,
            readonly=self._desk.closed,
            counts=counts,
            **context,
        )
        return HTMLResponse(page, status)

    def _counts(self) -> dict[str, int]:
        return {name: self._board.open_in(name) for name in ("complaint", "suggestion", "praise")}

    async def http_error(self, request: Request, error: Exception) -> Response:
        """A page for what is not there or not allowed."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        why = {
            403: "The form was not sent by a page of this inbox, or is too old. Load the page again, and repeat.",
            404: "There is no such page, or no such case in the store.",
            413: "That is too much text for one step.",
            503: "Too many pages are open.",
        }
        return self._html(
            request, "sorry.html.j2", status, queue=None, why=why.get(status, "This cannot be done here.")
        )

    async def failed(self, request: Request, error: Exception) -> Response:
        """A store that cannot be read is said to be so."""
        return self._html(request, "sorry.html.j2", 503, queue=None, why=f"The store cannot be read: {error}.")


class _Fields(dict[str, Any]):
    """A form's fields: one that was not sent is empty."""

    def __missing__(self, _: str) -> str:
        return ""


def _given(request: Request) -> dict[str, str]:
    """The page's filters; what is open comes first."""
    given = {name: value[:200] for name, value in request.query_params.items() if value}
    return {"state": "open"} | given
