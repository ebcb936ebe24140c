"""An S3 server on loopback as a process of its own (moto), which can be killed, paused and started again."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import boto3

KEY, SECRET, BUCKET = "landcast-key", "landcast-secret-7f3a", "landcast-results"
URL = f"s3://{BUCKET}/of/tests"
CODE = "import sys; from moto.server import main; main(sys.argv[1:])"


class S3Server:
    """A process with one bucket; what it holds is in its memory, so it is paused, not stopped, to be away."""

    def __init__(self, log: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", CODE, "-H", "127.0.0.1", "-p", str(self.port)], stdout=output, stderr=output
            )
        self._wait()
        self.client.create_bucket(Bucket=BUCKET)

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which landcast reaches it."""
        keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1"}
        return {**keys, "AWS_ENDPOINT_URL": self.endpoint}

    @property
    def client(self) -> Any:
        """A client that is not landcast's."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            region_name="us-east-1",
        )

    def keys(self, prefix: str) -> list[str]:
        """Return the keys below the store's prefix."""
        found = self.client.list_objects_v2(Bucket=BUCKET, Prefix=f"of/tests/{prefix}").get("Contents", [])
        return [o["Key"].removeprefix("of/tests/") for o in found]

    def content(self, key: str) -> bytes:
        """Return an object below the store's prefix."""
        body: bytes = self.client.get_object(Bucket=BUCKET, Key=f"of/tests/{key}")["Body"].read()
        return body

    def write(self, key: str, content: bytes) -> None:
        """Write an object below the store's prefix."""
        self.client.put_object(Bucket=BUCKET, Key=f"of/tests/{key}", Body=content)

    def empty(self) -> None:
        """Remove all objects."""
        for key in self.keys(""):
            self.client.delete_object(Bucket=BUCKET, Key=f"of/tests/{key}")

    def pause(self) -> None:
        """Let it accept connections and answer nothing."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it answer again."""
        os.kill(self.process.pid, signal.SIGCONT)

    def end(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.wait()

    def _wait(self) -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            assert self.process.poll() is None, "the S3 server did not start"
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise AssertionError("the S3 server did not start in time")
