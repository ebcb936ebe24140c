"""The error tree. Its branches state who has to act. HTTP statuses: service/errors.py; exit codes: cli/main.py.

LandcastError
├── RequestError                the caller has to act
│   ├── InvalidRegion           polygon empty, self-crossing, not GeoJSON
│   ├── InvalidPeriod           reversed, unreadable or empty period, date or horizon
│   ├── InvalidOption           an option or input that does not exist or has a wrong value
│   ├── InvalidCube             a cube file that cannot be read as one
│   │   ├── MissingBand         a source without the bands that NDVI is computed from
│   │   └── DoubtfulNumbers     a cube whose pixels contradict the offset or mask that it states
│   ├── InvalidArchive          a folder or catalogue that cannot be read as an archive
│   ├── InvalidTable            a table that lacks a column or holds the wrong kind of value
│   ├── DoubtfulInput           --strict, and the input needs a decision
│   ├── UntrustedAddress        an archive points to a host or file that the settings do not allow
│   ├── MissingCredentials      an archive that needs an account was named without one
│   ├── OverBudget              reading would cost more than the settings allow
│   ├── NewerLedger             the ledger was written by a newer version of landcast
│   ├── RegionOutsideArchive    nothing of the region lies in the archive
│   ├── NoClearObservation      the period holds no clear observation
│   ├── UnknownProduct, UnknownModel, UnknownArchive
│   ├── UnknownJob, UnknownResult, UnknownKey, UnknownStandingOrder
│   ├── OverQuota               the party has as many jobs or pixels as it may have
│   ├── JobNotReady             results requested before the job has ended
│   ├── JobWithoutMap           layers, pictures or pixels of a job that is answered by a table
│   └── JobDismissed            results of a job that was dismissed
├── ArchiveError                the archive has to act
│   ├── ReadFailed              one scene could not be read
│   ├── ArchiveUnavailable      the archive does not answer, or refuses us
│   └── ArchivesDisagree        two archives show different numbers for the same date
└── InternalError               we have to act
    ├── InvalidCheckpoint       weights that do not match their card
    ├── DamagedTile             the file of a rendered tile is not what was written
    ├── WorkerUnavailable       Redis or the worker cannot be reached
    ├── StoreUnavailable        the store of tiles and results does not answer, or refuses us
    └── JobFailed               a job ended without a result
"""

from collections.abc import Iterable


class LandcastError(Exception):
    """Root of all errors that landcast raises on purpose; `str()` is one clear sentence."""

    title = "landcast failed"


class RequestError(LandcastError):
    """The request cannot be fulfilled; another request can."""

    title = "The request cannot be fulfilled"


class InvalidRegion(RequestError):
    """The region is not a usable polygon."""

    title = "Invalid region"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The region is not usable: {reason}. Give polygons: as GeoJSON in WGS84 longitude/latitude, or as a file "
            "of GeoJSON, GeoPackage, Shapefile, FlatGeobuf, KML, GeoParquet or WKT."
        )
        self.reason = reason


class InvalidPeriod(RequestError):
    """A period, date or horizon cannot be read or holds no day."""

    title = "Invalid period"

    def __init__(self, text: object, reason: str, *, is_unreadable: bool = False) -> None:
        advice = " Write dates as YYYY-MM-DD, periods as START/END and horizons as 150d." if is_unreadable else ""
        super().__init__(f"'{text}' is not a usable period or date: {reason}.{advice}")


class InvalidOption(RequestError):
    """An option does not exist or has a value outside its range."""

    title = "Invalid option"

    def __init__(self, name: str, value: object, allowed: str) -> None:
        super().__init__(f"'{value}' is not a valid value of '{name}': {allowed}.")


class InvalidCube(RequestError):
    """A file cannot be read as a cube."""

    title = "Invalid cube"

    def __init__(self, path: object, reason: str) -> None:
        super().__init__(f"'{path}' cannot be read as a cube: {reason}.")


class DoubtfulNumbers(InvalidCube):
    """The pixels of a cube contradict the offset or the cloud mask that it states; the user has to say what holds."""

    title = "Doubtful numbers"


class MissingBand(InvalidCube):
    """A source lacks the bands that NDVI, or another quantity, is computed from."""

    title = "Missing band"

    def __init__(
        self, source: object, missing: Iterable[str], present: Iterable[str], *, quantity: str = "NDVI"
    ) -> None:
        names = " and ".join(missing)
        bands = ", ".join(present)
        Exception.__init__(
            self, f"{quantity} needs {names}, and '{source}' has {f'only {bands}' if bands else 'no band'}."
        )


class InvalidTable(RequestError):
    """A table lacks a column or holds the wrong kind of value."""

    title = "Invalid table"

    def __init__(self, path: object, reason: str) -> None:
        super().__init__(f"'{path}' cannot be read as a table of series: {reason}.")


class InvalidArchive(RequestError):
    """A folder of rasters or a STAC catalogue cannot be read as an archive."""

    title = "Invalid archive"

    def __init__(self, path: object, reason: str) -> None:
        super().__init__(f"'{path}' cannot be read as an archive: {reason}.")
        self.reason = reason


class DoubtfulInput(RequestError):
    """An input needs a decision that it does not state, and the caller wants none to be made."""

    title = "Doubtful input"

    def __init__(self, name: str, remarks: Iterable[str]) -> None:
        super().__init__(f"'{name}' is refused because of --strict: {' '.join(remarks)}")


class RegionOutsideArchive(RequestError):
    """Nothing of the region lies inside the archive."""

    title = "Region outside the archive"

    def __init__(
        self, archive: str, bounds_wgs84: tuple[float, float, float, float], *, is_swapped: bool = False
    ) -> None:
        west, south, east, north = bounds_wgs84
        hint = " Longitude and latitude seem to be swapped: the other way round it lies inside." if is_swapped else ""
        super().__init__(
            f"The region lies outside the archive '{archive}', which covers "
            f"{west:.4f} to {east:.4f} degrees east and {south:.4f} to {north:.4f} degrees north.{hint}"
        )


class UntrustedAddress(RequestError):
    """An archive points to a host or file that its settings do not allow."""

    title = "Untrusted address"

    def __init__(self, archive: str, where: str, allowed: Iterable[str]) -> None:
        places = ", ".join(allowed) or "none"
        super().__init__(
            f"The archive '{archive}' points to '{where}', which is not among its allowed places ({places}). "
            "Add the host to LANDCAST_ARCHIVE_HOSTS if you trust it."
        )


class MissingCredentials(RequestError):
    """An archive that needs an account was named without one."""

    title = "Missing credentials"

    def __init__(self, archive: str, settings: Iterable[str]) -> None:
        super().__init__(f"The archive '{archive}' needs an account: set {' and '.join(settings)}.")


class OverBudget(RequestError):
    """Reading would cost more than the settings allow."""

    title = "Over budget"

    def __init__(self, archive: str, needed: float, allowed: float, unit: str, setting: str) -> None:
        super().__init__(
            f"Reading from '{archive}' would take about {needed:,.2f} {unit}, and {allowed:,.2f} are left. "
            f"Choose a smaller region or a shorter period, or raise {setting}."
        )


class NewerLedger(RequestError):
    """The ledger was written by a newer version of landcast."""

    title = "Newer ledger"

    def __init__(self, found: str, known: str) -> None:
        super().__init__(
            f"The ledger has revision {found} of a newer landcast, and this version knows those up to {known}: update "
            "landcast here, or name another LANDCAST_HOME or LANDCAST_DATABASE_URL."
        )


class NoClearObservation(RequestError):
    """The period holds no clear observation of the region."""

    title = "No clear observation"

    def __init__(self, where: str, period: object) -> None:
        super().__init__(f"There is no clear observation of {where} in {period}. Choose a longer or another period.")


class Unknown(RequestError):
    """No object has the requested name."""

    noun = "thing"

    def __init__(self, name: object, known: Iterable[str] = ()) -> None:
        names = ", ".join(known)
        super().__init__(f"There is no {self.noun} '{name}'." + (f" Known: {names}." if names else ""))


class UnknownProduct(Unknown):
    """No such product."""

    title, noun = "Unknown product", "product"


class UnknownModel(Unknown):
    """No such model."""

    title, noun = "Unknown model", "model"


class UnknownArchive(Unknown):
    """No such archive."""

    title, noun = "Unknown archive", "archive"


class UnknownJob(Unknown):
    """No such job."""

    title, noun = "Unknown job", "job"


class UnknownResult(Unknown):
    """No such result file, collection or item."""

    title, noun = "Unknown result", "result"


class UnknownKey(Unknown):
    """No such key that can be used."""

    title, noun = "Unknown key", "usable key"


class UnknownStandingOrder(Unknown):
    """No such standing order."""

    title, noun = "Unknown standing order", "standing order"


class OverQuota(RequestError):
    """A party has ordered as much as it may for now."""

    title = "Over quota"

    def __init__(self, reason: str, advice: str, *, retry_after_s: int) -> None:
        super().__init__(f"The order is over the quota: {reason}. {advice}")
        self.retry_after_s = retry_after_s


class JobNotReady(RequestError):
    """The results of a job were requested before it had ended."""

    title = "Job not ready"

    def __init__(self, job_id: str, state: str) -> None:
        super().__init__(f"Job '{job_id}' is {state}; its results exist once it is successful.")


class JobWithoutMap(RequestError):
    """Layers, pictures or pixels of a job were requested that is answered by a table."""

    title = "Job without a map"

    def __init__(self, job_id: str) -> None:
        super().__init__(
            f"Job '{job_id}' answers fields with a table and has no map: GET /jobs/{job_id}/results lists its files."
        )


class JobDismissed(RequestError):
    """The results of a job that was dismissed were requested."""

    title = "Job dismissed"

    def __init__(self, job_id: str) -> None:
        super().__init__(f"Job '{job_id}' was dismissed, and its results were removed.")


class ArchiveError(LandcastError):
    """The archive did not deliver."""

    title = "The archive failed"


class ReadFailed(ArchiveError):
    """One scene could not be read."""

    title = "Read failed"

    def __init__(self, scene_id: str, reason: str) -> None:
        super().__init__(f"Scene '{scene_id}' could not be read: {reason}.")


class ArchiveUnavailable(ArchiveError):
    """The archive does not answer, or refuses us."""

    title = "Archive unavailable"

    def __init__(self, archive: str, reason: str) -> None:
        super().__init__(f"The archive '{archive}' is not available: {reason}.")


class ArchivesDisagree(ArchiveError):
    """Two archives show different numbers for the same date, so their tiles are not mixed."""

    title = "Archives disagree"

    def __init__(self, first: str, second: str, reason: str) -> None:
        super().__init__(
            f"The archives '{first}' and '{second}' are not mixed: {reason}. Order from one of them alone."
        )


class InternalError(LandcastError):
    """Something in landcast is broken."""

    title = "Internal error"


class InvalidCheckpoint(InternalError):
    """Weights do not match their card, or are not weights."""

    title = "Invalid checkpoint"

    def __init__(self, path: object, reason: str) -> None:
        super().__init__(f"The checkpoint '{path}' is not usable: {reason}.")
        self.reason = reason


class DamagedTile(InternalError):
    """The file of a rendered tile is not what was written."""

    title = "Damaged tile"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"The file '{name}' of a rendered tile is damaged: {reason}.")


class WorkerUnavailable(InternalError):
    """Redis or the worker cannot be reached."""

    title = "Worker unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"Jobs cannot be carried out now: {reason}.")
        self.reason = reason


class StoreUnavailable(InternalError):
    """The store of tiles and results does not answer, or refuses us."""

    title = "Store unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The store of tiles and results is not available: {reason}.")
        self.reason = reason


class JobFailed(InternalError):
    """A job ended without a result."""

    title = "Job failed"

    def __init__(self, job_id: str, reason: str) -> None:
        super().__init__(f"Job '{job_id}' failed: {reason}")
