"""Scenes from layers: the files of one recording and place become one item. Opens no file."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from core.bands import CHANNELS, OPTICAL_NAMES, RADAR_NAMES
from core.grid import Window
from ingest.archive import Scene
from ingest.rasters.item import BandSource, RasterItem
from ingest.rasters.look import Layer
from ingest.rules.band_names import Family, find_family, foreign
from ingest.rules.masks import find_mask
from ingest.rules.product_names import ONLY_LEVEL_1C

SAME_PLACE = 0.5
"""Share of their common area from which two rasters show the same place: tiles of one date overlap by far less."""
PANCHROMATIC_M = (14.0, 16.0)
"""Pixel size of Landsat's panchromatic band, which is called B8."""
ITEM_ID = "landcast:item_id"
"""Property of a renamed scene: its id in the archive."""
LEVEL_1C = "it has a band B10, which Level-1C (top of atmosphere) and Landsat have, and Sentinel-2 L2A has not"


@dataclass
class Group:
    """Layers of one recording and place."""

    key: str
    layers: list[Layer] = field(default_factory=list)

    @property
    def has_bands(self) -> bool:
        """Tell whether it holds anything but masks."""
        return any(la.band for la in self.layers)


@dataclass(frozen=True, kw_only=True)
class Assembled:
    """Items, and what became of the layers that are in none."""

    items: tuple[RasterItem, ...]
    left_out: tuple[tuple[str, str], ...] = ()
    """Scene and reason."""
    doubled: tuple[str, ...] = ()
    """Names of files that repeat a band of another file."""
    lone_masks: tuple[str, ...] = ()
    """Names of masks without bands."""


def assemble(layers: Sequence[Layer], *, hints: Mapping[str, frozenset[str]], versions: Mapping[str, str]) -> Assembled:
    """Return an item for each recording and place.

    Args:
        layers: of all files.
        hints: words of the names of all files of a scene, by its key.
        versions: href to a text that changes with the file.
    """
    groups = _grouped(layers)
    lone = _attach_masks(groups)
    items: list[RasterItem] = []
    left_out: list[tuple[str, str]] = []
    doubled: list[str] = []
    for group in (g for g in groups if g.has_bands):
        reason = _foreign(group, hints.get(group.key, frozenset()))
        if reason:
            left_out.append((group.key, reason))
            continue
        chosen, repeated = _chosen(group)
        doubled += repeated
        items += _items(group, chosen, versions)
    return Assembled(
        items=tuple(unique(items)),
        left_out=tuple(left_out),
        doubled=tuple(dict.fromkeys(doubled)),
        lone_masks=tuple(dict.fromkeys(lone)),
    )


def unique(items: Iterable[RasterItem]) -> list[RasterItem]:
    """Return items with ids that all differ: those of one id get their time, those still equal a number."""
    listed = sorted(items, key=lambda i: (i.scene.scene_id, i.scene.time))
    times: dict[str, set[datetime]] = defaultdict(set)
    for item in listed:
        times[item.scene.scene_id].add(item.scene.time)
    timed = [
        i if len(times[i.scene.scene_id]) == 1 else _renamed(i, f"{i.scene.scene_id}_{i.scene.time:%Y%m%dT%H%M%S}")
        for i in listed
    ]
    seen: Counter[str] = Counter()
    found = []
    for item in timed:
        seen[item.scene.scene_id] += 1
        number = seen[item.scene.scene_id]
        found.append(item if number == 1 else _renamed(item, f"{item.scene.scene_id}_{number}"))
    return found


def _renamed(item: RasterItem, name: str) -> RasterItem:
    first = {ITEM_ID: item.scene.scene_id}
    return replace(item, scene=replace(item.scene, scene_id=name, properties={**first, **item.scene.properties}))


def _grouped(layers: Sequence[Layer]) -> list[Group]:
    """Return groups of one key, time and place."""
    by_key: dict[tuple[str, str], list[Group]] = defaultdict(list)
    for layer in sorted(layers, key=lambda la: (la.key, la.when, la.window.resolution_m, la.source.href)):
        groups = by_key[(layer.key, layer.when.isoformat())]
        group = next((g for g in groups if _is_same_place(g.layers[0].window, layer.window)), None)
        if group is None:
            group = Group(key=layer.key)
            groups.append(group)
        group.layers.append(layer)
    return [g for groups in by_key.values() for g in groups]


def _is_same_place(first: Window, second: Window) -> bool:
    if first.crs != second.crs:
        return False
    (w1, s1, e1, n1), (w2, s2, e2, n2) = first.bounds, second.bounds
    common = max(0.0, min(e1, e2) - max(w1, w2)) * max(0.0, min(n1, n2) - max(s1, s2))
    return common > SAME_PLACE * ((e1 - w1) * (n1 - s1) + (e2 - w2) * (n2 - s2) - common)


def _attach_masks(groups: Sequence[Group]) -> list[str]:
    """Give masks of other names to the bands of their date and place; return the names of those that have none."""
    lone = []
    for masks in (g for g in groups if not g.has_bands):
        day, place = masks.layers[0].when.date(), masks.layers[0].window
        fitting = [
            g
            for g in groups
            if g.has_bands and g.layers[0].when.date() == day and _is_same_place(g.layers[0].window, place)
        ]
        optical = [g for g in fitting if any(la.band in OPTICAL_NAMES for la in g.layers)]
        if len(optical) == 1:
            optical[0].layers += masks.layers
        else:
            lone += [la.file.name for la in masks.layers]
    return lone


def _foreign(group: Group, hints: frozenset[str]) -> str:
    """Return why a scene is of no product that is read; empty = it is of one."""
    if any(la.file.family is Family.HLS_L30 for la in group.layers):
        return ""
    if find_family(names=hints) is Family.LANDSAT:
        return foreign(Family.LANDSAT)
    low, high = PANCHROMATIC_M
    if any(la.band == "B08" and low < la.window.resolution_m < high for la in group.layers):
        return f"its B8 has pixels of 15 m: {foreign(Family.LANDSAT)}"
    return LEVEL_1C if hints & ONLY_LEVEL_1C else ""


def _chosen(group: Group) -> tuple[dict[str, Layer], list[str]]:
    """Return the layer of each band and of the mask, and the files that repeat one of them.

    Of several pixel sizes the finest is taken; files that a product calls second choice only where there are no others.
    """
    chosen: dict[str, Layer] = {}
    repeated = []
    for layer in sorted((la for la in group.layers if la.band), key=_preference):
        first = chosen.setdefault(layer.band, layer)
        if first is not layer and _preference(first)[:2] == _preference(layer)[:2]:
            repeated.append(layer.file.name)
    masks = [la for la in group.layers if not la.band and la.source.mask is not None]
    found = find_mask([la.name for la in masks]) or (masks[0].source.mask if masks else None)
    if found is not None:
        fitting = [la for la in masks if la.source.mask and la.source.mask.rule.names == found.rule.names] or masks
        finest = min(fitting, key=_preference)
        chosen[finest.source.mask.kind if finest.source.mask else ""] = finest
    return chosen, repeated


def _preference(layer: Layer) -> tuple[bool, float, str, int]:
    product = layer.file.product
    is_spare = bool(product and product.spare and product.spare.search(layer.file.path))
    return is_spare, layer.window.resolution_m, layer.source.href, layer.source.index


def _items(group: Group, chosen: Mapping[str, Layer], versions: Mapping[str, str]) -> list[RasterItem]:
    """Return an item of the optical bands with the mask, and one of radar, of which there may be one or none."""
    radar = {b: la for b, la in chosen.items() if b in RADAR_NAMES}
    optical = {b: la for b, la in chosen.items() if b not in RADAR_NAMES}
    both = bool(radar) and any(b in CHANNELS for b in optical)
    items = []
    if any(b in CHANNELS for b in optical):
        items.append(_item(group, optical, versions, group.key))
    if radar:
        items.append(_item(group, radar, versions, f"{group.key}_s1" if both else group.key))
    return items


def _item(group: Group, chosen: Mapping[str, Layer], versions: Mapping[str, str], name: str) -> RasterItem:
    layers = [la for b, la in chosen.items() if b in CHANNELS]
    finest = min(layers, key=lambda la: la.window.resolution_m)
    files = sorted({la.source.href for la in chosen.values()})
    sources: dict[str, BandSource] = {b: la.source for b, la in chosen.items()}
    is_radar = bool(set(sources) & set(RADAR_NAMES))
    scene = Scene(
        scene_id=name,
        time=finest.when,
        sensor="s1" if is_radar else "s2",
        version="|".join(versions.get(f, "") for f in files),
        baseline=next((la.file.baseline for la in layers if la.file.baseline), ""),
    )
    return RasterItem(
        scene=scene,
        geometry=finest.window.footprint_wgs84,
        crs=finest.window.crs,
        transform=tuple(finest.window.transform)[:6],
        sources=sources,
        file_crs=finest.file_crs,
        is_offset_stated=all(la.is_offset_stated for la in layers if la.band in OPTICAL_NAMES),
    )
