// A MapLibre map on the bundled basemap, with the remote style as an upgrade when it answers.

import {AJAXError, AttributionControl, Map as MapLibre, NavigationControl, ScaleControl,
  addProtocol, setWorkerUrl} from 'maplibre-gl';
import worker from 'asset:map-worker.js';
import {tileOfArchive} from './archives.mjs';
import {showCities} from './city-map.mjs';
import {inLanguage} from './map-names.mjs';
import {bundledStyle} from './map-style.mjs';

const PROBE_MS = 4000;
const ATTRIBUTION = 'Natural Earth · GeoNames · © IGN';

addProtocol('pmtiles', async (request, abort) => {
  try {
    return await tileOfArchive(request, abort);
  } catch (error) {
    if (!/Tile not found/.test(error?.message ?? '')) throw error;
    throw new AJAXError(404, error.message, request.url, new Blob());
  }
});
setWorkerUrl(worker);

export function theme() {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

/** The remote style when its JSON, its tile list and one tile answer in time; else null. A missing
    tile is no error event in MapLibre, so only asking for one tells. */
async function remoteStyle(url) {
  if (!url) return null;
  const signal = AbortSignal.timeout(PROBE_MS);
  const get = async (address) => {
    const response = await fetch(address, {signal, credentials: 'omit'});
    if (!response.ok) throw new Error(`${response.status} ${address}`);
    return response;
  };
  try {
    const style = await (await get(url)).json();
    const source = Object.values(style.sources).find(({type}) => type === 'vector' || type === 'raster');
    const tiles = source?.tiles ?? (await (await get(new URL(source.url, url))).json()).tiles;
    await get(tiles[0].replace('{z}', 0).replace('{x}', 0).replace('{y}', 0));
    return style;
  } catch (error) {
    console.info('The remote map does not answer; the bundled one stays.', error);
    return null;
  }
}

/**
 * A map in `container`, or null when the browser has no WebGL 2 (a note says so; the list stays).
 * `still` maps cannot be moved. `overlay(map)` adds our sources and layers; it runs again after the style changed.
 */
export function makeMap(container, {center, zoom, hash = false, still = false, overlay}) {
  const language = document.documentElement.lang;
  let map;
  try {
    map = new MapLibre({
      container, center, zoom, hash, interactive: !still,
      style: bundledStyle({theme: theme(), language}),
      attributionControl: false,
      maxZoom: 18,
      // North is up, and each tile is of one zoom: whoever turned it by accident has no way back.
      maxPitch: 0, dragRotate: false, touchPitch: false,
      // What leaves the screen is asked for again: it may have changed meanwhile.
      maxTileCacheSize: 0,
      fadeDuration: 0,
      locale: JSON.parse(container.dataset.controls ?? '{}'),
    });
  } catch (error) {
    console.info(error);
    container.textContent = container.dataset.textNoMap ?? '';
    return null;
  }
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  if (!still) map.addControl(new NavigationControl({showCompass: false}), 'top-right');
  map.addControl(new ScaleControl({}), 'bottom-left');
  map.addControl(new AttributionControl({compact: true, customAttribution: ATTRIBUTION}), 'bottom-right');
  // On a phone the credits open at a press; the foot of every page names the sources too.
  if (container.clientWidth < 640) {
    map.once('load', () => container.querySelector('.maplibregl-compact-show')
      ?.classList.remove('maplibregl-compact-show'));
  }
  map.on('error', ({error}) => console.warn(error));
  let isRemote = false;
  map.on('style.load', () => {
    if (!isRemote) showCities(map, JSON.parse(container.dataset.cities ?? '[]'), {theme: theme(), language});
    overlay?.(map);
  });
  remoteStyle(container.dataset.styleUrl).then((style) => {
    if (!style) return;
    isRemote = true;
    map.setStyle(inLanguage(style, language), {diff: false});
  });
  return map;
}

/** Badges for the map, each a symbol of the page's own sprite in a shape: [name, symbol, look], the
    look being {fill, ring, ink (colours), isBroken (the ring), isSquare}; 32 px wide. */
export async function addBadges(map, sprite, wanted) {
  const text = await (await fetch(sprite)).text();
  await Promise.all(wanted.map(async ([name, symbol, {fill, ring, ink, isBroken, isSquare}]) => {
    const [, found] = text.match(`<symbol id="${symbol}"[^>]*>([^]*?)</symbol>`) ?? [];
    if (!found || map.hasImage(name)) return;
    const edge = isSquare ? 'x="4" y="4" width="24" height="24" rx="8"' : 'x="2.5" y="2.5" width="27" height="27" rx="13.5"';
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="64" height="64">
      <rect ${edge} fill="${fill}" stroke="${ring}" stroke-width="2"${isBroken ? ' stroke-dasharray="4.2 2.9"' : ''}/>
      <svg x="8" y="8" width="16" height="16" viewBox="0 0 24 24" fill="none" stroke="${ink}" color="${ink}"
        stroke-width="2.25" stroke-linecap="round" stroke-linejoin="round">${found}</svg></svg>`;
    const image = new Image(64, 64);
    image.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
    await image.decode();
    if (!map.hasImage(name)) map.addImage(name, image, {pixelRatio: 2});
  }));
}
