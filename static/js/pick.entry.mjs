// Choosing a place in a form: the map's centre, the device's position, or what was typed. The
// inputs stay: this script only fills them.

import {circle} from './circle.mjs';
import {boxOfMap, plainPosition, typedPosition, wrapLon} from './coordinates.mjs';
import {makeMap} from './map-core.mjs';
import {suggestNames} from './names.mjs';

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
async function showNearBy(map, {pickShows = 'reports'}, section) {
  if (map.getZoom() < NEAR_ZOOM) {
    map.getSource('near')?.setData(EMPTY);
    listNearest(section, map, []);
    return;
  }
  try {
    const found = await (await fetch(`/map/features?show=${pickShows}&bbox=${boxOfMap(map)}`)).json();
    map.getSource('near')?.setData(found);
    listNearest(section, map, found.features);
    document.body.dataset.nearBy = found.features.length;
  } catch (error) {
    console.info('What is near by is not available.', error);
  }
}

function start(root) {
  const form = root.closest('form');
  const field = (name) => form.elements.namedItem(name);
  const box = root.querySelector('[data-pick-map]');
  const status = root.querySelector('[data-pick-status]');
  const known = plainPosition(field('lat').value, field('lon').value);
  const centre = known ?? {lon: -3.7, lat: 40.4};
  let byPerson = Boolean(known);

  const set = (lon, lat, accuracy = '') => {
    field('lon').value = wrapLon(lon).toFixed(6);
    field('lat').value = lat.toFixed(6);
    field('accuracy_m').value = accuracy;
    byPerson = true;
  };
  box.hidden = false;
  const map = makeMap(box, {center: centre, zoom: known ? 13 : 5, overlay: drawAround});
  const near = root.querySelector('[data-pick-near]');
  map?.on('moveend', () => showNearBy(map, root.dataset, near));
  map?.on('load', () => showNearBy(map, root.dataset, near));
  map?.on('dragend', () => {
    const {lng, lat} = map.getCenter();
    set(lng, lat);
  });
  map?.on('zoomend', () => {
    if (!byPerson) return;
    const {lng, lat} = map.getCenter();
    field('lon').value = wrapLon(lng).toFixed(6);
    field('lat').value = lat.toFixed(6);
  });
  for (const name of ['lat', 'lon']) {
    field(name).addEventListener('change', async () => {
      const texts = [field('lat').value, field('lon').value];
      const point = await typedPosition(...texts, field(name).value);
      if (!point || texts[0] !== field('lat').value || texts[1] !== field('lon').value) return;
      // A position pasted into one field fills both.
      if (!plainPosition(...texts)) set(point.lon, point.lat);
      map?.jumpTo({center: point, zoom: 13});
    });
  }
  suggestNames(field('place_name'), ({lon, lat}) => {
    set(lon, lat);
    map?.jumpTo({center: [lon, lat], zoom: 13});
  });
  const locate = root.querySelector('[data-pick-locate]');
  locate.hidden = false;
  locate.addEventListener('click', () => {
    status.textContent = root.dataset.textLocating;
    navigator.geolocation.getCurrentPosition(({coords}) => {
      set(coords.longitude, coords.latitude, coords.accuracy.toFixed(0));
      // The whole area that it may be in stays in sight.
      const zoom = Math.min(16, Math.max(9, 24 - Math.log2(coords.accuracy * 4 + 100)));
      map?.jumpTo({center: [coords.longitude, coords.latitude], zoom});
      const metres = new Intl.NumberFormat(document.documentElement.lang).format(Math.round(coords.accuracy));
      status.textContent = `± ${metres} m`;
      map?.getSource('accuracy')?.setData(circle(coords));
    }, () => { status.textContent = root.dataset.textNoPosition; }, {enableHighAccuracy: true});
  });
}

document.querySelectorAll('[data-pick]').forEach(start);
