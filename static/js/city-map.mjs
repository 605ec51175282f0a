// Loaded cities on a map: the layers of those in sight stand between the bundled map and the reports.

import {addSigns, cityLayers} from './city-style.mjs';

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

/** Shows `cities` ({code, url, box}) on a map whenever they are in sight. Call it on each style.load,
    before layers of reports are added. */
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
    for (const {code, url, box} of cities) {
      if (shown.has(code) || !isInSight(map, box)) continue;
      shown.add(code);
      const source = `city-${code}`;
      map.addSource(source, {type: 'vector', url: `pmtiles://${url}`, bounds: box, attribution: ATTRIBUTION});
      for (const layer of cityLayers({source, theme, language})) map.addLayer(layer, above);
    }
  };
  map.on('moveend', look);
  map.once('style.load', () => map.off('moveend', look));
  look();
}
