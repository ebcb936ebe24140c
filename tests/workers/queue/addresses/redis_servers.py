"""Redis servers of a test's own: with TLS, and a primary with a replica behind a Sentinel."""

import datetime
import ipaddress
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from workers.queue.redis_server import find_redis_server

PASSWORD = "tls-Secret%7f3a"
"""As Redis takes it; in a URL its % is written %25."""
IN_URL = PASSWORD.replace("%", "%25")
PLACES = ("/usr/bin/redis-server", "/usr/local/bin/redis-server")
"""Where a server with TLS may be: the one in a Python package has none."""


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def server(folder: Path, options: Sequence[str], program: Path | None = None) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a Redis server; ended with the context."""
    folder.mkdir(parents=True)
    words = [str(program or find_redis_server()), *options, "--dir", str(folder), "--logfile", str(folder / "log")]
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def await_port(port: int) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the server did not start in time")


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Write a certificate for 127.0.0.1, signed by itself, and its key; return both paths."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / f"{name}.crt", folder / f"{name}.key"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    forms = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    files[1].write_bytes(key.private_bytes(*forms))
    return files


@dataclass
class TlsRedis:
    """A server that speaks TLS alone."""

    port: int
    ca: Path
    other_ca: Path
    """Of somebody else."""

    def url(self, ca: Path, host: str = "127.0.0.1") -> str:
        """Return an address that trusts a certificate."""
        return f"rediss://:{IN_URL}@{host}:{self.port}/0?ssl_ca_certs={ca}"


@contextmanager
def tls_redis(folder: Path) -> Iterator[TlsRedis]:
    """Run a server with TLS; skipped where no program has it."""
    program = next((Path(p) for p in PLACES if Path(p).exists()), None)
    if program is None:
        pytest.skip("no redis-server with TLS is installed (Debian: redis-server)")
    folder.mkdir(exist_ok=True)
    (ca, key), (other, _) = certificate(folder, "server"), certificate(folder, "other")
    port = free_port()
    tls = ["--port", "0", "--tls-port", str(port), "--tls-cert-file", str(ca), "--tls-key-file", str(key)]
    tls += ["--tls-ca-cert-file", str(ca), "--tls-auth-clients", "no", "--requirepass", PASSWORD, "--save", ""]
    with server(folder / "data", tls, program) as process:
        try:
            await_port(port)
        except AssertionError:
            if process.poll():
                pytest.skip(f"{program} was built without TLS")
            raise
        yield TlsRedis(port=port, ca=ca, other_ca=other)


@dataclass
class Guarded:
    """A primary and a replica that a Sentinel watches."""

    sentinel: int
    ports: tuple[int, int]
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Two addresses of Sentinel, of which one is nobody's."""
        return f"sentinel://:{IN_URL}@127.0.0.1:1,127.0.0.1:{self.sentinel}/0?master=landcast-primary"

    def primary(self) -> int:
        """Return the port of the primary as Sentinel knows it."""
        with redis.Redis(port=self.sentinel, decode_responses=True) as client:
            return int(client.execute_command("SENTINEL", "get-master-addr-by-name", "landcast-primary")[1])

    def kill_primary(self) -> None:
        """Kill the primary; Sentinel makes the replica one within seconds."""
        self.processes[self.ports.index(self.primary())].kill()


@contextmanager
def guarded_redis(folder: Path) -> Iterator[Guarded]:
    """Run a primary, a replica and a Sentinel."""
    ports, sentinel = (free_port(), free_port()), free_port()
    found = Guarded(sentinel=sentinel, ports=ports)
    common = ["--requirepass", PASSWORD, "--masterauth", PASSWORD, "--save", "", "--bind", "127.0.0.1"]
    follows = [
        "--replicaof",
        "127.0.0.1",
        str(ports[0]),
        "--repl-diskless-sync",
        "yes",
        "--repl-diskless-sync-delay",
        "0",
    ]
    config = folder / "sentinel.conf"
    folder.mkdir(exist_ok=True)
    config.write_text(
        f"port {sentinel}\nbind 127.0.0.1\n"
        f"sentinel monitor landcast-primary 127.0.0.1 {ports[0]} 1\n"
        f"sentinel auth-pass landcast-primary {PASSWORD}\n"
        "sentinel down-after-milliseconds landcast-primary 1000\n"
        "sentinel failover-timeout landcast-primary 5000\n"
    )
    sync = ["--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0"]
    with (
        server(folder / "one", ["--port", str(ports[0]), *common, *sync]) as one,
        server(folder / "two", ["--port", str(ports[1]), *common, *follows]) as two,
    ):
        found.processes += [one, two]
        for port in ports:
            await_port(port)
        _await_replica(ports[1])
        with server(folder / "sentinel", [str(config), "--sentinel"]):
            await_port(sentinel)
            _await_sentinel(sentinel)
            yield found
    shutil.rmtree(folder, ignore_errors=True)


def _await_replica(port: int) -> None:
    with redis.Redis(port=port, password=PASSWORD) as client:
        _until(lambda: client.info("replication")["master_link_status"] == "up")


def _await_sentinel(port: int) -> None:
    with redis.Redis(port=port, decode_responses=True) as client:
        _until(lambda: len(client.execute_command("SENTINEL", "replicas", "landcast-primary")) == 1)


def _until(claim: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not claim():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)
