"""A light client of a landcast service: order products, follow jobs, read results. It prints nothing.

It needs nothing of landcast but the nouns of core; xarray, rasterio and pandas are loaded when a result is read.
"""

from client.client import Client
from client.job import Job, Share
from client.status import JobStatus
from core.errors import LandcastError

__all__ = ["Client", "Job", "JobStatus", "LandcastError", "Share"]
