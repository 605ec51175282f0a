// The map of a watch, and drawing one. The form's inputs stay what counts: this script only fills
// them.

import {LngLatBounds, Marker} from 'maplibre-gl';
import {plainNumber, plainPosition, typedPosition, wrapLon} from './coordinates.mjs';
import {makeMap, theme} from './map-core.mjs';
import {suggestNames} from './names.mjs';

const METRES_A_DEGREE = 111_320;
const POINTS_MAX = 500;
const EMPTY = {type: 'FeatureCollection', features: []};

const feature = (geometry) => ({type: 'Feature', properties: {}, geometry});

/** The polygon of all within `metres` of a point, near enough for a picture. */
function circle([lon, lat], metres) {
  const ring = Array.from({length: 65}, (_, step) => {
    const angle = (step / 64) * 2 * Math.PI;
    const aside = METRES_A_DEGREE * Math.max(0.01, Math.cos((lat * Math.PI) / 180));
    return [lon + (Math.cos(angle) * metres) / aside,
      lat + (Math.sin(angle) * metres) / METRES_A_DEGREE];
  });
  return {type: 'Polygon', coordinates: [ring]};
}

function* positions(coordinates) {
  if (typeof coordinates[0] === 'number') yield coordinates;
  else for (const part of coordinates) yield* positions(part);
}

/** The box of a shape; one that is cut at ±180° is put together again. */
function boxOf({coordinates}) {
  const all = [...positions(coordinates)];
  const wide = all.some(([lon]) => lon > 179.99) && all.some(([lon]) => lon < -179.99);
  const box = new LngLatBounds();
  for (const [lon, lat] of all) box.extend([wide && lon < 0 ? lon + 360 : lon, lat]);
  return box;
}

const fit = (map, box) => map?.fitBounds(box, {padding: 32, maxZoom: 14, duration: 0});
const show = (map, geometry) => fit(map, boxOf(geometry));

function addShape(map, data) {
  const colour = theme() === 'dark' ? '#f2a3cf' : '#7a1f5c';
  map.addSource('shape', {type: 'geojson', data});
  map.addLayer({
    id: 'shape-area', type: 'fill', source: 'shape', filter: ['==', ['geometry-type'], 'Polygon'],
    paint: {'fill-color': colour, 'fill-opacity': 0.15},
  });
  map.addLayer({
    id: 'shape-line', type: 'line', source: 'shape', filter: ['!=', ['geometry-type'], 'Point'],
    layout: {'line-cap': 'round', 'line-join': 'round'},
    paint: {'line-color': colour, 'line-width': 3},
  });
  map.addLayer({
    id: 'shape-points', type: 'circle', source: 'shape',
    filter: ['==', ['geometry-type'], 'Point'],
    paint: {
      'circle-color': colour, 'circle-radius': 5, 'circle-stroke-color': '#ffffff',
      'circle-stroke-width': 2,
    },
  });
}

/** A watch and its live reports, which the list beside says too. */
export function showWatch(box) {
  const outline = JSON.parse(box.dataset.outline);
  const map = makeMap(box, {
    center: [...positions(outline.coordinates)][0], zoom: 9,
    overlay: (drawn) => addShape(drawn, feature(outline)),
  });
  if (!map) return;
  const seen = boxOf(outline);
  for (const item of document.querySelectorAll('[data-mark]')) {
    const at = [Number(item.dataset.lon), Number(item.dataset.lat)];
    const element = item.querySelector('.kind').cloneNode(true);
    new Marker({element}).setLngLat(at).addTo(map);
    // Beside a shape over ±180°, a report is where the shape is.
    if (seen.getEast() > 180 && at[0] < 0) at[0] += 360;
    seen.extend(at);
  }
  fit(map, seen);
  map.once('idle', () => { box.dataset.ready = '1'; });
}

/** The same points without a jump over the antimeridian: from 179° to -179° goes on to 181°. */
function unbroken(points) {
  const found = [];
  for (const [lon, lat] of points) {
    const before = found.at(-1)?.[0] ?? lon;
    found.push([lon + 360 * Math.round((before - lon) / 360), lat]);
  }
  return found;
}

export function drawWatch(form) {
  const field = (name) => form.elements.namedItem(name);
  const box = form.querySelector('[data-watch-draw]');
  const status = form.querySelector('[data-draw-status]');
  const way = form.dataset.shape === 'way';
  const stored = box.dataset.outline ? JSON.parse(box.dataset.outline) : null;
  let points = unbroken(field('drawn').value ? JSON.parse(field('drawn').value) : []);
  const how = () => new FormData(form).get('how');
  const board = form.querySelector('[data-drawing-map]');
  for (const part of form.querySelectorAll('[data-drawing]')) part.hidden = false;

  /** What is on the map now: the stored shape, the circle that was typed, or what is drawn. */
  function drawing() {
    if (how() === 'keep') return stored ? feature(stored) : EMPTY;
    if (how() === 'circle') {
      const at = plainPosition(field('lat').value, field('lon').value);
      const metres = plainNumber(field('radius_km').value) * 1000;
      return at && metres > 0 ? feature(circle([at.lon, at.lat], metres)) : EMPTY;
    }
    if (how() !== 'drawn') return EMPTY;
    const shape = way ? {type: 'LineString', coordinates: points}
      : {type: 'Polygon', coordinates: [[...points, points[0]]]};
    return {
      type: 'FeatureCollection',
      features: [
        ...(points.length > 1 ? [feature(shape)] : []),
        ...points.map((coordinates) => feature({type: 'Point', coordinates})),
      ],
    };
  }

  const map = makeMap(box, {
    center: [-3.7, 40.4], zoom: 5, overlay: (drawn) => addShape(drawn, drawing()),
  });
  // A way begins with drawing it, where there is a map to draw on.
  const drawn = form.querySelector('[name="how"][value="drawn"]');
  if (map && form.dataset.first === 'drawn') drawn.checked = true;
  if (!map) drawn.closest('[data-drawing]').hidden = true;
  const redraw = () => {
    const isHidden = board.hidden;
    board.hidden = how() === 'file';
    if (isHidden && !board.hidden) map?.resize();
    map?.getSource('shape')?.setData(drawing());
    const told = points.map(([lon, lat]) => [Number(wrapLon(lon).toFixed(6)), lat]);
    field('drawn').value = told.length ? JSON.stringify(told) : '';
    status.textContent = form.dataset.textPoints.replace('{n}', points.length);
    for (const part of form.querySelectorAll('[data-how]')) {
      part.hidden = part.dataset.how !== how();
    }
    box.dataset.points = points.length;
  };
  const look = () => {
    const {geometry, features: [first] = []} = drawing();
    if (geometry ?? first?.geometry) show(map, geometry ?? first.geometry);
  };
  const add = ({lng, lat}) => {
    if (points.length >= POINTS_MAX) return;
    points = [...points, [Number(lng.toFixed(6)), Number(lat.toFixed(6))]];
    redraw();
  };
  const choose = ({lng, lat}) => {
    field('lon').value = wrapLon(lng).toFixed(5);
    field('lat').value = lat.toFixed(5);
    redraw();
  };
  map?.on('click', ({lngLat}) => {
    if (how() === 'drawn') add(lngLat);
    if (how() === 'circle') choose(lngLat);
  });
  const press = (name, act) => form.querySelector(`[data-draw-${name}]`)
    .addEventListener('click', act);
  press('centre', () => { if (map) add(map.getCenter()); });
  press('undo', () => { points = points.slice(0, -1); redraw(); });
  press('clear', () => { points = []; redraw(); });
  for (const choice of form.querySelectorAll('[name="how"]')) {
    choice.addEventListener('change', () => { redraw(); look(); });
  }
  if (!way) {
    for (const name of ['lat', 'lon', 'radius_km']) {
      field(name).addEventListener('input', () => { redraw(); look(); });
    }
    for (const name of ['lat', 'lon']) {
      field(name).addEventListener('change', async () => {
        const texts = [field('lat').value, field('lon').value];
        if (plainPosition(...texts)) return;
        const point = await typedPosition(...texts, field(name).value);
        if (!point || texts[0] !== field('lat').value || texts[1] !== field('lon').value) return;
        choose({lng: point.lon, lat: point.lat});
        look();
      });
    }
    suggestNames(field('place_name'), ({lon, lat}) => { choose({lng: lon, lat}); look(); });
  }
  redraw();
  look();
  map?.once('idle', () => { box.dataset.ready = '1'; });
}
