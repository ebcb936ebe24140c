"""Datatakes: of several processings of one recording, the newest is read. No pixels."""

from collections.abc import Iterable

from ingest.archive import Scene
from ingest.rules.offset.darkest import baseline_number


def one_per_datatake(scenes: Iterable[Scene]) -> tuple[list[Scene], list[Scene]]:
    """Choose the newest baseline of each recording of each granule, then the newest version, then the last id.

    A scene that is listed twice, with or without a datatake, is kept once.

    Returns:
        Scenes kept and scenes dropped, each ordered by time, then id, whatever the order given.
    """
    ordered = sorted(scenes, key=lambda s: (s.time, s.scene_id, _age(s)))
    newest: dict[tuple[str, str, str], Scene] = {}
    for scene in ordered:
        known = newest.setdefault(_recording(scene), scene)
        if _age(known) < _age(scene):
            newest[_recording(scene)] = scene
    kept = [s for s in ordered if newest[_recording(s)] is s]
    dropped = [s for s in ordered if newest[_recording(s)] is not s]
    return kept, dropped


def _recording(scene: Scene) -> tuple[str, str, str]:
    return scene.sensor, scene.datatake, "" if scene.datatake else scene.scene_id


def _age(scene: Scene) -> tuple[tuple[int, ...], str, str]:
    return baseline_number(scene.baseline), scene.version, scene.scene_id
