// The map on which a place is chosen: its middle is the place.

import {circle} from './circle.mjs';
import {boxOfMap} from './coordinates.mjs';
import {makeMap} from './map-core.mjs';

const EMPTY = {type: 'FeatureCollection', features: []};
const NEAR_ZOOM = 11;
const METRES_A_DEGREE = 111_320;
const SAME_M = 150; // what is farther away is another one
const LISTED = 5;

/** What helps where the map has no streets: how sure the position is, and living reports. */
function drawAround(map) {
  map.addSource('accuracy', {type: 'geojson', data: EMPTY});
  map.addLayer({
    id: 'accuracy', type: 'fill', source: 'accuracy',
    paint: {'fill-color': '#2a6fb8', 'fill-opacity': 0.18, 'fill-outline-color': '#2a6fb8'},
  });
  map.addSource('near', {type: 'geojson', data: EMPTY});
  map.addLayer({
    id: 'near', type: 'circle', source: 'near',
    paint: {
      'circle-color': '#d2601a', 'circle-radius': 7, 'circle-stroke-color': '#ffffff',
      'circle-stroke-width': 2,
    },
  });
  map.addLayer({
    id: 'near-names', type: 'symbol', source: 'near',
    layout: {
      'text-field': ['get', 'title'], 'text-font': ['Inter Bold'], 'text-size': 11,
      'text-offset': [0, 1.2], 'text-anchor': 'top',
    },
    paint: {'text-halo-color': '#ffffff', 'text-halo-width': 1.5, 'text-color': '#24161f'},
  });
}

const metres = ({lng, lat}, [lon, y]) => Math.hypot(
  (lon - lng) * Math.cos((lat * Math.PI) / 180), y - lat) * METRES_A_DEGREE;

/** "Is it one of these?": what is nearest to the middle of the map, as links. */
function listNearest(section, map, features) {
  if (!section) return;
  const centre = map.getCenter();
  const near = features
    .map(({properties, geometry}) => ({...properties, away: metres(centre, geometry.coordinates)}))
    .filter(({away}) => away <= SAME_M)
    .sort((one, other) => one.away - other.away)
    .slice(0, LISTED);
  section.querySelector('[data-pick-list]').replaceChildren(...near.map(({id, title, away}) => {
    const link = Object.assign(document.createElement('a'), {
      href: `/places/${id}`, target: '_blank', rel: 'noopener', dir: 'auto', textContent: title,
    });
    const item = document.createElement('li');
    item.append(link, ` · ${Math.round(away)} m`);
    return item;
  }));
  section.hidden = !near.length;
}

/** Draws what is round the centre, from near enough that it is little: reports, or places where a
    place is suggested. */
async function showNearBy(map, shows, section) {
  if (map.getZoom() < NEAR_ZOOM) {
    map.getSource('near')?.setData(EMPTY);
    listNearest(section, map, []);
    return;
  }
  try {
    const found = await (await fetch(`/map/features?show=${shows}&bbox=${boxOfMap(map)}`)).json();
    map.getSource('near')?.setData(found);
    listNearest(section, map, found.features);
    document.body.dataset.nearBy = found.features.length;
  } catch (error) {
    console.info('What is near by is not available.', error);
  }
}

/**
 * A map in `box` that looks at `center` from `zoom`, or null where the browser cannot draw one. `moved` is
 * told where a person moved it, `zoomed` where its middle is after a zoom. Returns {jumpTo, surround}.
 */
export function pickMap(box, {center, zoom, shows, near, moved, zoomed}) {
  const map = makeMap(box, {center, zoom, overlay: drawAround});
  if (!map) return null;
  map.on('moveend', () => showNearBy(map, shows, near));
  map.on('load', () => showNearBy(map, shows, near));
  map.on('dragend', () => moved(map.getCenter()));
  map.on('click', ({lngLat}) => {
    moved(lngLat);
    map.easeTo({center: lngLat});
  });
  map.on('zoomend', () => zoomed(map.getCenter()));
  return {
    jumpTo: (view) => map.jumpTo(view),
    /** Draws how sure a position of the device is. */
    surround(coords) {
      const draw = () => map.getSource('accuracy')?.setData(circle(coords));
      if (map.getSource('accuracy')) draw();
      else map.once('load', draw);
    },
  };
}
