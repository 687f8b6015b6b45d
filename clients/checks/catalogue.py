"""Checks of catalogue models and of jobs."""

from __future__ import annotations

from clients.checks.answers import events_of, list_of, object_of
from clients.checks.visit import Failed, Visit


def all_models(visit: Visit) -> str:
    found = list_of(visit.get("/models").json())
    return f"{sum(model['present'] for model in found)} of {len(found)} are here"


def catalogue_model(visit: Visit) -> str:
    return str(object_of(visit.get(f"/models/{_present_model(visit)}"))["where"])


def model_card(visit: Visit) -> str:
    return str(object_of(visit.get(f"/model_card/{_present_model(visit)}"))["licence"])


def pull(visit: Visit) -> str:
    """A model that is there already: nothing is fetched."""
    visit.job = object_of(visit.post("/models/pull", {"model": _present_model(visit)}))["id"]
    return "a job"


def job_events(visit: Visit) -> str:
    return str(events_of(visit.get(f"/jobs/{_job(visit)}/events"))[-1]["state"])


def one_job(visit: Visit) -> str:
    return str(object_of(visit.get(f"/jobs/{_job(visit)}"))["state"])


def cancel_job(visit: Visit) -> str:
    return str(object_of(visit.delete(f"/jobs/{_job(visit)}"))["state"])


def _present_model(visit: Visit) -> str:
    here = [model["id"] for model in list_of(visit.get("/models").json()) if model["present"]]
    if not here:
        raise Failed("not tried: no model of the catalogue is here")
    return str(here[0])


def _job(visit: Visit) -> str:
    if not visit.job:
        raise Failed("not tried: no job was started")
    return visit.job
