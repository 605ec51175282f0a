// The tiles of reports and places: fetched here, so that it is known as of when each one is.

import {AJAXError, addProtocol} from 'maplibre-gl';
import {boxText} from './coordinates.mjs';

const SCHEME = 'boca';
export const LAYERS = ['reports', 'places'];
const DEEPEST = 14;
const LOOK_MS = 40;
const LOST_MS = 400; // after so long a tile that nobody asks for is asked for by us
const ROUND = 1e-6; // degrees

/** What is known of a tile, by `layer/z/x/y`: {cursor, loadedAt} or {failed}. */
const known = new Map();
let asking = 0;

const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });
const keyOf = (layer, {z, x, y}) => `${layer}/${z}/${x}/${y}`;

addProtocol(SCHEME, async ({url}, {signal}) => {
  const path = url.slice(SCHEME.length + 3);
  const [key] = path.split('?');
  asking += 1;
  try {
    // `no-cache`: what is shown was asked about; most answers are "as you have it".
    const answer = await fetch(`/map/tiles/${path}`, {signal, cache: 'no-cache'});
    if (!answer.ok) throw new AJAXError(answer.status, answer.statusText, path, new Blob());
    const data = await answer.arrayBuffer();
    known.set(key, {cursor: answer.headers.get('Live-Cursor'), loadedAt: performance.now()});
    // With the same ETag the worker keeps what it has drawn.
    return {data, etag: answer.headers.get('ETag')};
  } catch (error) {
    if (!signal.aborted) known.set(key, {failed: true});
    throw error;
  } finally {
    asking -= 1;
  }
});

/** The tiles of `map`'s sources `reports` and `places`. */
export function mapTiles(map) {
  let query = '';
  let layers = LAYERS;
  const address = (layer) => `${SCHEME}://${layer}/{z}/{x}/{y}${query && `?${query}`}`;

  /** The tiles that fill the screen, each once: {z, x, y} and `at`, its column without wrapping. */
  function cover() {
    const found = new Map();
    for (const {canonical: {z, x, y}, wrap} of map.coveringTiles({
      tileSize: 512, minzoom: 0, maxzoom: DEEPEST, reparseOverscaled: true,
    })) found.set(`${x + wrap * 2 ** z}/${y}`, {z, x, y, at: x + wrap * 2 ** z});
    return [...found.values()];
  }
  const onScreen = () => layers.flatMap((layer) => cover().map((tile) => [layer, tile]));
  const isLoaded = () => layers.every((layer) => map.getSource(layer) && map.isSourceLoaded(layer));

  /** Waits until nothing is on its way; false when `isOver()` before. */
  async function drained(isOver = () => false) {
    do {
      await pause(LOOK_MS);
      if (isOver()) return false;
    } while (asking || !isLoaded());
    // Tiles that were the same are no event for the map: it would not say that it is idle again.
    map.triggerRepaint();
    return true;
  }

  return {
    /** What a source of the style is made of. */
    source: (layer) => ({type: 'vector', tiles: [address(layer)], maxzoom: DEEPEST}),
    /** Asks with these filters from now on (the text of a query), for these layers. */
    choose(nextQuery, nextLayers) {
      layers = nextLayers;
      if (query === nextQuery) return;
      query = nextQuery;
      known.clear();
      for (const layer of LAYERS) map.getSource(layer)?.setTiles([address(layer)]);
    },
    /** West, south, east, north of the tiles on screen, in degrees. */
    box() {
      const tiles = cover();
      const wide = 2 ** (tiles[0]?.z ?? 0);
      const [xs, ys] = [tiles.map(({at}) => at), tiles.map(({y}) => y)];
      const lon = (x) => (x / wide) * 360 - 180;
      const lat = (y) => (Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / wide))) * 180) / Math.PI;
      const box = [
        lon(Math.min(...xs)), lat(Math.max(...ys) + 1) - ROUND,
        lon(Math.max(...xs) + 1), lat(Math.min(...ys)) + ROUND,
      ];
      return boxText(box, 6);
    },
    /** The integer zoom that is drawn. */
    zoom: () => Math.min(DEEPEST, Math.max(0, Math.floor(map.getZoom()))),
    /** Resolves with true once every tile on screen was asked for and is drawn, or failed; with
        false when `isOver()` before. */
    async settled(isOver) {
      let since = performance.now();
      for (;;) {
        if (!await drained(isOver)) return false;
        const lost = onScreen().filter(([layer, tile]) => !known.has(keyOf(layer, tile)));
        if (!lost.length) break;
        // The map may have kept one that had left the screen: it was not followed there.
        if (performance.now() - since > LOST_MS) {
          for (const [layer, tile] of lost) map.refreshTiles(layer, [tile]);
          since = performance.now();
        }
      }
      const now = new Set(onScreen().map(([layer, tile]) => keyOf(layer, tile)));
      for (const key of known.keys()) if (!now.has(key)) known.delete(key);
      return true;
    },
    drained,
    /** Asks again for what is on screen; with `before`, only for what was loaded earlier than that
        (a `performance.now()`). Not while something is on its way: answers must not overtake each
        other, so `drained` comes first. */
    refresh(before = Infinity) {
      if (asking || !isLoaded()) return;
      // Beside itself on a wide screen, one tile is there more than once.
      const each = new Map(onScreen().map(([layer, tile]) => [keyOf(layer, tile), [layer, tile]]));
      for (const [key, [layer, tile]] of each) {
        if ((known.get(key)?.loadedAt ?? -1) < before) map.refreshTiles(layer, [tile]);
      }
    },
    /** As of when the reports on screen are, each tile's cursor (null when none was told). */
    cursors: () => cover().map((tile) => known.get(keyOf('reports', tile))?.cursor ?? null),
    /** Whether something on screen could not be had. */
    failed: () => onScreen().some(([layer, tile]) => known.get(keyOf(layer, tile))?.failed),
  };
}
