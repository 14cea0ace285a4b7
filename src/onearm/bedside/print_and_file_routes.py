"""What is neither an act nor a screen: files that come in or go out, and what is printed."""

from fastapi import APIRouter

from onearm.bedside import export_routes, image_routes, import_routes, label_routes, people_routes, trace_routes
from onearm.bedside.paper_routes import paper_router


def print_and_file_router() -> APIRouter:
    """All of them. Included before the screens: a path that ends in `.pdf` is no name of a lot."""
    router = APIRouter()
    for one in (export_routes, image_routes, import_routes, label_routes, people_routes, trace_routes):
        router.include_router(one.router)
    router.include_router(paper_router())
    return router
