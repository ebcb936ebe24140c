"""openEO API 1.2: capabilities, credentials, collections, processes, validation. Jobs: jobs.py."""

import base64
import binascii
from typing import Any

from fastapi import APIRouter, Request

from core.errors import LandcastError
from service.access.keys import KeyStore
from service.archives import archives
from service.errors import refusals
from service.links import BaseUrl
from service.openeo import documents
from service.openeo.graph import DEFAULT, read_graph
from service.openeo.refusals import Flaw, OpenEoRoute, code_of
from service.openeo.schemas import OpenEoDocument, OpenEoProcess
from service.state import CurrentDependencies, CurrentLedger, CurrentSettings
from workers import accept

router = APIRouter(tags=["openEO"], route_class=OpenEoRoute)

AWAY = refusals({502: "The archive does not answer, or its scenes cannot be read."})


@router.get("/.well-known/openeo", summary="Versions of the openEO API")
async def openeo_versions(base: BaseUrl) -> OpenEoDocument:
    """Return where the openEO API is."""
    return OpenEoDocument.of(**documents.versions(base))


@router.get("/openeo/", summary="Capabilities")
async def openeo(base: BaseUrl) -> OpenEoDocument:
    """Return what the openEO API can do."""
    return OpenEoDocument.of(**documents.capabilities(base))


@router.get("/openeo/credentials/basic", summary="A key as a token", responses=refusals({403: "The key is wrong."}))
def openeo_credentials(request: Request, ledger: CurrentLedger) -> OpenEoDocument:
    """Return the token of HTTP Basic credentials: the password, if it is a key; the user name may be anything."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    try:
        given = base64.b64decode(text.strip(), validate=True).decode() if scheme.lower() == "basic" else ""
    except (binascii.Error, ValueError):
        given = ""
    key = given.partition(":")[2]
    if KeyStore(ledger.engine).find(key) is None:
        raise Flaw("CredentialsInvalid", "The password is not a key of this service, or no longer.", status=403)
    return OpenEoDocument.of(access_token=key)


@router.get("/openeo/file_formats", summary="Formats of results")
async def openeo_file_formats() -> OpenEoDocument:
    """Return the formats that results are written in."""
    return OpenEoDocument.of(**documents.file_formats())


@router.get("/openeo/processes", summary="Processes of graphs")
def openeo_processes() -> OpenEoDocument:
    """Return the processes that a graph may have: one for each product, with what comes before and after."""
    return OpenEoDocument.of(processes=documents.processes(), links=[])


@router.get("/openeo/collections", summary="Archives as collections", responses=AWAY)
def openeo_collections(settings: CurrentSettings, base: BaseUrl) -> OpenEoDocument:
    """Return the archives that a graph may read."""
    found = [documents.collection(view, base) for view in archives(settings).archives]
    return OpenEoDocument.of(collections=found, links=[])


@router.get(
    "/openeo/collections/{collection_id}",
    summary="One archive as a collection",
    responses={**AWAY, **refusals({404: "There is no such collection."})},
)
def openeo_collection(collection_id: str, settings: CurrentSettings, base: BaseUrl) -> OpenEoDocument:
    """Return an archive that a graph may read."""
    views = {view.id or DEFAULT: view for view in archives(settings).archives}
    if collection_id not in views:
        text = f"There is no collection '{collection_id[:80]}'; known are {', '.join(views)}."
        raise Flaw("CollectionNotFound", text, status=404)
    return OpenEoDocument.of(**documents.collection(views[collection_id], base))


@router.post("/openeo/validation", summary="Check a process graph", responses=AWAY)
def openeo_validation(
    process: OpenEoProcess, settings: CurrentSettings, dependencies: CurrentDependencies
) -> OpenEoDocument:
    """Return what is wrong with a process graph, or not supported; nothing is ordered."""
    errors: list[dict[str, Any]] = []
    try:
        wanted = read_graph(process.model_dump())
        accept.check(wanted.product, wanted.inputs, settings, dependencies)
    except Flaw as flaw:
        errors.append({"code": flaw.code, "message": str(flaw)})
    except LandcastError as error:
        errors.append({"code": code_of(error), "message": str(error)})
    return OpenEoDocument.of(errors=errors)
