// Loaded cities on a map: the layers of those in sight stand between the bundled map and the reports.

import {PALETTES, addSigns, cityLayers} from './city-style.mjs';
import {asOpenMapTiles} from './openmaptiles.mjs';

const SHALLOWEST = 8; // no archive has tiles farther out
const TOWN_LAYERS = ['towns'];
const ATTRIBUTION = '<a href="https://www.openstreetmap.org/copyright">© OpenStreetMap contributors</a>';

const ring = ([west, south, east, north]) => (
  [[west, south], [east, south], [east, north], [west, north], [west, south]]);

/** Whether a box of degrees meets what the map shows, by whichever way round the world. */
function isInSight(map, [west, south, east, north]) {
  const sight = map.getBounds();
  if (north < sight.getSouth() || south > sight.getNorth()) return false;
  return [-360, 0, 360].some((turn) => (
    east + turn >= sight.getWest() && west + turn <= sight.getEast()));
}

/** Text as the attribution control wants it, which takes HTML: an archive's credit is not ours. */
function asHtml(text) {
  const box = document.createElement('div');
  box.textContent = text;
  return box.innerHTML;
}

/** The layers of a city and the sources that they need beside its own. An archive of the operator's has no land: its
    box is filled with it, unless it has no sea either; then the bundled land and sea are seen. */
function drawn({schema, has_sea: hasSea, box}, {source, theme, language}) {
  const layers = cityLayers({source, theme, language});
  if (schema !== 'openmaptiles') return {layers, sources: {}};
  const made = asOpenMapTiles(layers);
  if (!hasSea) return {layers: made, sources: {}};
  const id = `${source}-ground`;
  const ground = {
    id, type: 'fill', source: id, minzoom: SHALLOWEST,
    paint: {'fill-color': PALETTES[theme].land, 'fill-antialias': false},
  };
  const data = {type: 'Polygon', coordinates: [ring(box)]};
  return {layers: [ground, ...made], sources: {[id]: {type: 'geojson', data}}};
}

/** Shows `cities` ({code, url, box, and of an operator's own archive: schema, has_sea, credit}) on a map whenever they
    are in sight. Call it on each style.load, before layers of reports are added. */
export function showCities(map, cities, {theme, language}) {
  if (!cities.length) return;
  addSigns(map, theme);
  // The city's own towns are more and better placed than those of the world.
  for (const id of TOWN_LAYERS.filter((each) => map.getLayer(each))) {
    map.setFilter(id, ['!', ['within', {type: 'MultiPolygon', coordinates: cities.map(({box}) => [ring(box)])}]]);
  }
  const above = 'countries'; // the first layer of the bundled map's names
  const shown = new Set();
  const look = () => {
    if (map.getZoom() < SHALLOWEST - 1 || !map.getLayer(above)) return;
    for (const city of cities) {
      const {code, url, box, credit} = city;
      if (shown.has(code) || !isInSight(map, box)) continue;
      shown.add(code);
      const source = `city-${code}`;
      const attribution = credit ? `${ATTRIBUTION} · ${asHtml(credit)}` : ATTRIBUTION;
      map.addSource(source, {type: 'vector', url: `pmtiles://${url}`, bounds: box, attribution});
      const {sources, layers} = drawn(city, {source, theme, language});
      Object.entries(sources).forEach(([id, extra]) => map.addSource(id, extra));
      layers.forEach((layer) => map.addLayer(layer, above));
    }
  };
  map.on('moveend', look);
  map.once('style.load', () => map.off('moveend', look));
  look();
}
