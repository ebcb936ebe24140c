"""The Celery app of the workers, with fakes for products, models and archives: `celery -A tests.worker_app worker`."""

from tests.fakes import FAKE_DEPENDENCIES
from workers.tasks import make_app

app = make_app(FAKE_DEPENDENCIES)
