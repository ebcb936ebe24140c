"""ogc-api-processes-client: models made from the standard's own schemas read what the service answers.

Its model of an order loses inputs that are objects (it sends null), so the order itself is sent without it.
"""

import json
import time
import warnings
from urllib.request import Request, urlopen

from ogc_api_processes_client import Configuration, StatusInfo
from ogc_api_processes_client.api_client_wrapper import ApiClientWrapper

from tests.conformance.clients.report import Different, Report, Service, expect, needed_input, run

WAIT_S = 300.0


def examine(service: Service, report: Report) -> None:
    """Order a map, follow it, fetch its results, dismiss it."""
    client = ApiClientWrapper(configuration=Configuration(host=service.url))
    done = service.result("canopy")
    report.check("landing page", lambda: expect(bool(client.get_landing_page().links), True))
    report.check("conformance", lambda: expect(bool(client.get_conformance_classes().conforms_to), True))
    report.check("processes", lambda: processes(client))
    report.check("job list", lambda: expect(done.id in [j.job_id for j in client.get_jobs().jobs], True))
    report.check("status", lambda: expect(client.get_status(done.id).status.value, "successful", "the state"))
    report.check("results", lambda: expect("geotiff" in client.get_result(done.id), True, "results"))
    report.check("order, results, dismiss", lambda: order(client, service))


def processes(client: ApiClientWrapper) -> None:
    """Read the description of each process."""
    for one in client.get_processes().processes:
        needed = needed_input(one.id)
        expect(needed in client.get_process_description(one.id).inputs, True, f"an input '{needed}' of '{one.id}'")


def order(client: ApiClientWrapper, service: Service) -> None:
    """Go through the life of a job."""
    body = json.dumps({"inputs": {"region": {"value": service.region}}, "outputs": {"geotiff": {}}}).encode()
    request = Request(f"{service.url}/processes/crop/execution", body, {"Content-Type": "application/json"})
    with urlopen(request) as answer:
        job = StatusInfo.from_json(answer.read().decode())
    end = time.monotonic() + WAIT_S
    while (status := client.get_status(job.job_id)).status.value in ("accepted", "running"):
        if time.monotonic() > end:
            raise Different(f"the job is still {status.status.value}")
        time.sleep(0.3)
    expect(list(client.get_result(job.job_id)), ["geotiff"], "results")
    expect(client.dismiss(job.job_id).status.value, "dismissed", "the state")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    run("ogc-api-processes-client", examine)
