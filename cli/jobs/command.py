"""`landcast jobs`: list, show, retry and dismiss the jobs of a running service. Orders and downloads: cli/order.py."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from cli.group import Command, lazy_group
from cli.jobs.connect import KeyText, Server, connect
from core.text_table import text_table

COMMANDS = {
    "list": Command(place="cli.jobs.command:list_jobs", help="List jobs, newest first."),
    "show": Command(place="cli.jobs.command:show_job", help="Show a job: state, progress, gaps, what happened."),
    "retry": Command(place="cli.jobs.command:retry_job", help="Try the missing tiles of an ended job again."),
    "dismiss": Command(place="cli.jobs.command:dismiss_job", help="Stop a job, or withdraw the results of one."),
}
jobs = typer.Typer(
    cls=lazy_group(COMMANDS),
    help="List, show, retry and dismiss the jobs of a running service.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
HEAD = ("job", "process", "status", "done", "tiles", "accepted", "message")
FACTS = ("processID", "status", "message", "stage", "progress", "created", "started", "finished", "estimatedCompletion")
"""What is shown of a job, if it is known."""

JobId = Annotated[str, typer.Argument(metavar="ID", help="Id of the job.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print what the service answers, as JSON.")]


@jobs.callback()
def _group() -> None:
    pass


def list_jobs(
    status: Annotated[
        str, typer.Option(help="Only accepted, running, successful, failed or dismissed ones; commas separate several.")
    ] = "",
    process: Annotated[str, typer.Option(help="Only those of a product; commas separate several.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most jobs to list.")] = 20,
    as_json: AsJson = False,
    server: Server = None,
    key: KeyText = None,
) -> None:
    """List jobs, newest first."""
    with connect(server, key) as client:
        found = [job.known for job in client.jobs(limit=limit, status=status, process=process)]
    if as_json:
        print(json.dumps(found, indent=2))
    elif found:
        print(text_table([HEAD, *(_line(job) for job in found)], left=3))
    else:
        print("No such jobs." if status or process else "No jobs yet.")


def show_job(
    job_id: JobId,
    log: Annotated[bool, typer.Option("--log", help="What happened to it and its tiles, too.")] = False,
    as_json: AsJson = False,
    server: Server = None,
    key: KeyText = None,
) -> None:
    """Show a job: state, progress, gaps, and with --log what happened."""
    with connect(server, key) as client:
        handle = client.job(job_id)
        job = handle.refresh()
        events = list(handle.log()) if log else []
    if as_json:
        print(json.dumps(job | ({"log": events} if log else {}), indent=2))
        return
    print(text_table([(name, str(job[name])) for name in FACTS if job.get(name) not in (None, "")], left=2))
    if job.get("cost"):
        print(f"cost: {_cost(job['cost'])}")
    for gap in job.get("gaps") or ():
        print(f"gap: {gap['properties'].get('reason', '')}")
    if events:
        print(text_table([("time", "event", "tile", "reason"), *(_event(e) for e in events)], left=4))


def retry_job(job_id: JobId, server: Server = None, key: KeyText = None) -> None:
    """Try the missing tiles of an ended job again; its earlier result stays until the new one replaces it."""
    with connect(server, key) as client:
        print(f"Job {job_id} is {client.job(job_id).retry().known['status']}.")


def dismiss_job(job_id: JobId, server: Server = None, key: KeyText = None) -> None:
    """Stop a job, or withdraw the results of a finished one; its files are removed."""
    with connect(server, key) as client:
        job = client.job(job_id)
        job.dismiss()
        print(f"Job {job_id} is {job.known['status']}.")


def _line(job: Mapping[str, Any]) -> tuple[str, ...]:
    tiles = f"{job.get('tilesDone') or 0} of {job['tiles']}" if job.get("tiles") else "-"
    done = f"{job.get('progress', 0)} %"
    state = f"{job['status']}, gaps" if job.get("complete") is False else job["status"]
    return job["jobID"], job["processID"], state, done, tiles, job["created"][:16], job.get("message") or ""


def _cost(cost: Mapping[str, Any]) -> str:
    """Return a cost in words; what is zero for most archives is left out then."""
    parts = [f"{cost['seconds']:,.1f} s of workers", f"{cost['pixels']:,} pixels"]
    if cost.get("sceneReads"):
        parts.append(f"{cost['sceneReads']:,} scene reads")
    if cost.get("processingUnits"):
        parts.append(f"{cost['processingUnits']:,.3f} processing units")
    return ", ".join(parts)


def _event(event: Mapping[str, Any]) -> tuple[str, ...]:
    return event["time"][:19], event["event"], event.get("tile") or "", event.get("reason") or ""
