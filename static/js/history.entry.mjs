// Looking back: the heat of a span, its bars, and a slider that plays it. The server counts and says;
// here it is drawn.

import {boxOfMap} from './coordinates.mjs';
import {firstView} from './first-view.mjs';
import {mapCard} from './map-card.mjs';
import {addBadges, makeMap, theme} from './map-core.mjs';
import {COLOURS} from './map-colours.mjs';
import {mapGoesThere} from './search.mjs';

const get = (id) => document.getElementById(id);
const root = get('history');
const container = get('map');
const form = get('history-form');
const [told, table, list, trouble] = ['told', 'table', 'list', 'trouble'].map((id) => get(`history-${id}`));
const [player, moment, play, clock, whole, narrow, speed] = ['player', 'moment', 'play', 'clock', 'whole',
  'narrow', 'speed'].map(get);
const marks = JSON.parse(get('history-marks').textContent);
const language = document.documentElement.lang;
const calm = matchMedia('(prefers-reduced-motion: reduce)');
const EMPTY = {type: 'FeatureCollection', features: []};
const DOTS = 11.5; // zoom from which single reports are dots
const FEW = 150; // so few are dots at any zoom
const MOVE_MS = 200;
const MINUTE = 60;
const CELL_PX = 8;

let data = null;
let part = null; // [from, to] as the address says it, when a part of a span is looked at
let at = null; // the slider's step; null while the whole span is shown
let running = null;
let cards = null;
let brushed = null;
let frame = null;
let formats = {};

document.documentElement.classList.add('has-script');

/** The zone of a member's settings is the server's; without one, the browser's. */
const zone = root.dataset.membersZone ? '' : Intl.DateTimeFormat().resolvedOptions().timeZone ?? '';

/** What the form says, as the page's own address does. */
function chosen() {
  const query = new URLSearchParams();
  const fields = new FormData(form);
  const span = fields.get('span');
  query.set('span', span);
  if (span === 'day') query.set('day', fields.get('day'));
  if (span === 'between') ['first', 'last'].forEach((name) => query.set(name, fields.get(name)));
  if (span === 'part' && part) ['from', 'to'].forEach((name, n) => query.set(name, part[n]));
  if (fields.get('kinds')) query.set('kinds', fields.get('kinds'));
  return query;
}

/** A span that is not filled in yet is not asked for. */
const isComplete = (query) => [...query.values()].every(Boolean);

// --- Time -----------------------------------------------------------------------------------

const byDay = () => data.days !== null;
const step = () => {
  const length = data.to - data.from;
  return (length <= 6 * 3600 ? 1 : 5) * MINUTE;
};
const steps = () => (byDay() ? data.days.length - 2 : Math.floor((data.to - data.from) / step()));

/** The last step that is not in the future. */
function lastStep() {
  if (byDay()) return Math.max(0, data.days.findLastIndex((day, n) => n < data.days.length - 1 && day <= data.now));
  return Math.min(steps(), Math.max(0, Math.floor((Math.min(data.to, data.now) - data.from) / step())));
}

/** [from, to) of a step in seconds: the same moment twice, or a day. */
function timesOf(number) {
  if (byDay()) return [data.days[number], data.days[number + 1]];
  const time = Math.min(data.from + number * step(), data.to);
  return [time, time];
}

function timeSaid(number) {
  const [from] = timesOf(number);
  return (byDay() ? formats.day : formats.moment).format(from * 1000);
}

function readFormats() {
  const timeZone = data.zone;
  const day = {weekday: 'short', day: 'numeric', month: 'short', timeZone};
  formats = {
    day: new Intl.DateTimeFormat(language, {...day, ...(data.to - data.from > 31e6 && {year: 'numeric'})}),
    moment: new Intl.DateTimeFormat(language, {...day, hour: 'numeric', minute: '2-digit'}),
  };
}

/** Posted by then and not over yet; of a day, whatever was there in it. */
const wasThere = (began, ended, [from, to]) => (from === to ? began <= from && ended > from
  : began < to && (ended > from || began >= from));

function countThere(times) {
  const {began, ended} = data.reports;
  let count = 0;
  for (let n = 0; n < began.length; n += 1) count += wasThere(began[n], ended[n], times);
  return count;
}

// --- The map --------------------------------------------------------------------------------

const feature = (lon, lat, properties) => ({
  type: 'Feature', geometry: {type: 'Point', coordinates: [lon, lat]}, properties,
});

function reportsDrawn() {
  const {id, kind, lon, lat, began, ended} = data.reports;
  return {
    ...EMPTY,
    features: id.map((each, n) => feature(lon[n], lat[n], {
      id: each, kind: data.kinds[kind[n]], began: began[n], ended: ended[n], n: 1,
    })),
  };
}

const cellsDrawn = () => ({...EMPTY, features: (data.cells ?? []).map(([lon, lat, n]) => feature(lon, lat, {n}))});

function overlay(map) {
  const dark = theme() === 'dark';
  const colour = ['match', ['get', 'kind'],
    ...Object.entries(marks).flatMap(([kind, {colour: name}]) => [kind, COLOURS[name]]), '#6b6470'];
  map.addSource('reports', {type: 'geojson', data: EMPTY});
  map.addSource('cells', {type: 'geojson', data: EMPTY});
  const ramp = dark
    ? ['#f2a3cf00', '#7a2f6388', '#c4478fbb', '#ff7f6cdd', '#ffd9a0ee']
    : ['#7a1f5c00', '#c98bb488', '#a63a83bb', '#e2483fdd', '#ffb02eee'];
  for (const source of ['reports', 'cells']) {
    map.addLayer({
      id: `${source}-heat`, type: 'heatmap', source,
      paint: {
        'heatmap-weight': ['get', 'n'],
        'heatmap-radius': ['interpolate', ['linear'], ['zoom'], 1, 10, 6, 16, 12, 28, 16, 40],
        'heatmap-color': ['interpolate', ['linear'], ['heatmap-density'],
          ...[0, 0.12, 0.4, 0.75, 1].flatMap((density, n) => [density, ramp[n]])],
        'heatmap-opacity': ['interpolate', ['linear'], ['zoom'], 11, 0.9, 13.5, 0.35],
      },
    });
  }
  map.addLayer({
    id: 'dots', type: 'circle', source: 'reports',
    paint: {
      'circle-color': colour,
      'circle-radius': ['interpolate', ['linear'], ['zoom'], 4, 5, 10, 9, 12, 12],
      'circle-stroke-width': 2, 'circle-stroke-color': dark ? '#17101a' : '#ffffff',
    },
  });
  map.addLayer({
    id: 'dots-icons', type: 'symbol', source: 'reports', minzoom: 12,
    layout: {'icon-image': ['get', 'kind'], 'icon-allow-overlap': true},
  });
  addBadges(map, container.dataset.icons, Object.entries(marks).map(([kind, {icon, colour: name}]) => (
    [kind, icon, {fill: COLOURS[name], ring: dark ? '#17101a' : '#ffffff', ink: '#ffffff'}])))
    .catch((error) => console.warn(error));
  if (data) draw(map);
}

/** How many lie in the fullest cell of the screen: that is where the heat is greatest. */
function fullest(map, points) {
  const size = (360 / 2 ** map.getZoom() / 512) * CELL_PX * 3;
  const cells = new Map();
  let most = 1;
  for (const [lon, lat, n] of points) {
    const key = `${Math.floor(lon / size)},${Math.floor(lat / size)}`;
    const sum = (cells.get(key) ?? 0) + n;
    cells.set(key, sum);
    if (sum > most) most = sum;
  }
  return most;
}

function pointsAt(times) {
  const {lon, lat, began, ended} = data.reports;
  const found = [];
  for (let n = 0; n < lon.length; n += 1) {
    if (!times || wasThere(began[n], ended[n], times)) found.push([lon[n], lat[n], 1]);
  }
  return found;
}

/** The same brightness through the whole play: that of the fullest of some of its moments. */
function intensities(map) {
  const last = lastStep();
  const some = Array.from({length: 17}, (_, n) => timesOf(Math.round((last * n) / 16)));
  return {
    whole: 3 / fullest(map, data.cells ?? pointsAt(null)),
    playing: 3 / Math.max(...some.map((times) => fullest(map, pointsAt(times)))),
  };
}

let bright = {whole: 1, playing: 1};

function draw(map) {
  map.getSource('reports')?.setData(reportsDrawn());
  map.getSource('cells')?.setData(cellsDrawn());
  bright = intensities(map);
  drawTime(map);
}

/** What is drawn of the moment; the data stay where they are. */
function drawTime(map) {
  if (!map?.getLayer('dots')) return;
  const isWhole = at === null;
  const [from, to] = isWhole ? [data.from, data.to] : timesOf(at);
  const there = from === to
    ? ['all', ['<=', ['get', 'began'], from], ['>', ['get', 'ended'], from]]
    : ['all', ['<', ['get', 'began'], to], ['any', ['>', ['get', 'ended'], from], ['>=', ['get', 'began'], from]]];
  const filter = isWhole ? null : there;
  const few = data.reports.id.length <= FEW && !data.cells;
  for (const layer of ['dots', 'dots-icons', 'reports-heat']) map.setFilter(layer, filter);
  map.setLayerZoomRange('dots', few ? 0 : DOTS, 24);
  map.setLayoutProperty('cells-heat', 'visibility', isWhole && data.cells ? 'visible' : 'none');
  map.setLayoutProperty('reports-heat', 'visibility', isWhole && data.cells ? 'none' : 'visible');
  map.setPaintProperty('cells-heat', 'heatmap-intensity', bright.whole);
  map.setPaintProperty('reports-heat', 'heatmap-intensity', isWhole ? bright.whole : bright.playing);
}

async function openCard(map, {geometry, properties}) {
  const card = document.createElement('div');
  card.className = 'map-card skeleton';
  cards ??= mapCard(map);
  cards.open(geometry.coordinates, card);
  const answer = await fetch(`/map/card/report/${properties.id}`);
  if (answer.ok) card.innerHTML = await answer.text();
  else cards.close();
  card.classList.remove('skeleton');
}

// --- The slider and the bars ----------------------------------------------------------------

const barOf = (time) => Math.max(0, data.edges.findLastIndex((edge, n) => n < data.edges.length - 1 && edge <= time));
const bars = () => [...told.querySelectorAll('.bar')];

function showTime(map) {
  const isWhole = at === null;
  whole.hidden = isWhole;
  told.classList.toggle('has-moment', !isWhole);
  const [from] = isWhole ? [null] : timesOf(at);
  const bar = isWhole ? -1 : barOf(from);
  bars().forEach((each, n) => each.classList.toggle('is-now', n === bar));
  moment.value = isWhole ? 0 : at;
  let said = moment.dataset.whole;
  if (!isWhole) {
    const count = new Intl.NumberFormat(language).format(countThere(timesOf(at)));
    said = moment.dataset.said.replace('{time}', timeSaid(at)).replace('{count}', count);
  }
  clock.textContent = isWhole ? '' : said;
  moment.setAttribute('aria-valuetext', said);
  document.body.dataset.moment = isWhole ? 'whole' : timesOf(at)[0];
  document.body.dataset.there = isWhole ? data.reports.id.length : countThere(timesOf(at));
  const isLong = bar >= 0 && data.edges[bar + 1] - data.edges[bar] >= 600;
  narrow.hidden = !isLong || bars().length < 2;
  drawTime(map);
}

function goTo(map, number) {
  at = Math.min(Math.max(0, number), lastStep());
  showTime(map);
}

function stop() {
  cancelAnimationFrame(frame);
  frame = null;
  play.classList.remove('is-playing');
  get('play-text').textContent = play.dataset.play;
}

/** Plays on from the slider's moment; who prefers less motion sees whole hours (or days) follow. */
function start(map) {
  if (at === null || at >= lastStep()) at = 0;
  play.classList.add('is-playing');
  get('play-text').textContent = play.dataset.pause;
  const unit = byDay() ? 1 : 3600 / step(); // steps in what the speed counts
  let began = performance.now();
  let first = at;
  let pace = speed.value;
  showTime(map);
  const advance = (now) => {
    if (pace !== speed.value) [began, first, pace] = [now, at, speed.value];
    const passed = (Math.max(0, now - began) / 1000 / Number(pace)) * unit;
    const number = first + (calm.matches ? Math.floor(passed / unit) * unit : Math.floor(passed));
    if (number !== at) goTo(map, number);
    if (at >= lastStep()) stop();
    else frame = requestAnimationFrame(advance);
  };
  frame = requestAnimationFrame(advance);
}

/** The span of some bars becomes the span that is looked at. */
function narrowTo(map, first, last) {
  const [from, to] = [data.edges[first], data.edges[last + 1]];
  if (to - from < 600) return;
  part = [from, to].map((time) => new Date(time * 1000).toISOString().replace(':00.000Z', 'Z'));
  choosePart();
  load(map, {isNew: true});
}

function choosePart() {
  const option = form.elements.span.querySelector('option[value=part]');
  option.hidden = false;
  option.disabled = false;
  form.elements.span.value = 'part';
}

/** The bar that the pointer rests on, as words. */
function hint(number) {
  if (at !== null) return;
  const count = Object.values(data.counts).reduce((sum, each) => sum + each[number], 0);
  clock.textContent = moment.dataset.bar.replace('{time}', data.names[number])
    .replace('{count}', new Intl.NumberFormat(language).format(count));
}

/** The bar under the pointer, by how far it is along the drawing. */
function barUnder(event) {
  const box = told.querySelector('.bars').getBoundingClientRect();
  const share = (event.clientX - box.left) / box.width;
  return Math.min(bars().length - 1, Math.max(0, Math.floor(share * bars().length)));
}

function showBrush(last) {
  const [from, to] = [brushed, last].sort((a, b) => a - b);
  bars().forEach((bar, n) => bar.classList.toggle('is-brushed', n >= from && n <= to));
}

function followBars(map) {
  told.addEventListener('pointerdown', (event) => {
    if (!event.target.closest('.bars') || event.button !== 0) return;
    brushed = barUnder(event);
    showBrush(brushed);
  });
  addEventListener('pointermove', (event) => {
    if (brushed !== null) showBrush(barUnder(event));
    else if (event.target.closest?.('.bars')) hint(barUnder(event));
  });
  addEventListener('pointerup', (event) => {
    if (brushed === null) return;
    const ends = [brushed, barUnder(event)].sort((a, b) => a - b);
    brushed = null;
    showBrush(-1);
    bars().forEach((bar) => bar.classList.remove('is-brushed'));
    narrowTo(map, ...ends);
  });
  addEventListener('pointercancel', () => {
    brushed = null;
    bars().forEach((bar) => bar.classList.remove('is-brushed'));
  });
}

// --- Fetching -------------------------------------------------------------------------------

async function load(map, {isNew = false} = {}) {
  const query = chosen();
  if (!isComplete(query)) return;
  // A play goes on while the map moves, be it only because a line of text made it smaller.
  if (isNew) stop();
  running?.abort();
  running = new AbortController();
  const {signal} = running;
  history.replaceState(history.state, '', `?${query}${location.hash}`);
  if (zone) query.set('zone', zone);
  if (map) {
    query.set('bbox', boxOfMap(map));
    query.set('zoom', map.getZoom().toFixed(1));
  }
  told.ariaBusy = 'true';
  const headers = {Accept: 'application/json'};
  try {
    const answer = await fetch(`/map/history/data?${query}`, {signal, headers});
    const body = await answer.json();
    if (!answer.ok) {
      showTrouble(Object.values(body.errors ?? {})[0]?.[0] ?? body.title);
      return;
    }
    data = body;
    showTrouble(null);
    if (isNew) at = null;
    show(map);
    const rest = await fetch(`/map/history/list?${query}`, {signal});
    if (rest.ok) list.innerHTML = await rest.text();
    document.body.dataset.history = data.total;
  } catch (error) {
    if (error.name === 'AbortError') return;
    console.warn(error);
    showTrouble(trouble.dataset.text);
  } finally {
    if (running?.signal === signal) told.ariaBusy = 'false';
  }
}

function showTrouble(text) {
  trouble.hidden = !text;
  trouble.textContent = text ?? '';
}

function show(map) {
  readFormats();
  told.innerHTML = data.told;
  const open = table.querySelector('details')?.open;
  table.innerHTML = data.table;
  if (open && table.firstElementChild) table.firstElementChild.open = true;
  get('history-zone').textContent = data.zone;
  player.hidden = !data.total;
  moment.max = Math.max(1, steps());
  for (const option of speed.options) option.textContent = option.dataset[byDay() ? 'day' : 'hour'];
  if (at !== null) at = Math.min(at, lastStep());
  if (map?.getSource('reports')) draw(map);
  showTime(map);
}

function startPage() {
  const map = makeMap(container, {...firstView(container.dataset), hash: 'at', overlay});
  mapGoesThere(map);
  // Where the address names a part of a span, the form does not show it.
  const address = new URLSearchParams(location.search);
  if (address.get('from') && address.get('to')) part = [address.get('from'), address.get('to')];
  const renew = () => load(map);
  if (map) {
    map.once('load', () => load(map, {isNew: true}));
    let moved = null;
    map.on('moveend', () => {
      clearTimeout(moved);
      moved = setTimeout(renew, MOVE_MS);
    });
    map.on('click', 'dots', ({features: [found]}) => openCard(map, found));
    map.on('mouseenter', 'dots', () => { map.getCanvas().style.cursor = 'pointer'; });
    map.on('mouseleave', 'dots', () => { map.getCanvas().style.cursor = ''; });
    map.once('idle', () => { document.body.dataset.mapReady = '1'; });
  } else {
    load(null, {isNew: true});
  }
  form.addEventListener('change', () => load(map, {isNew: true}));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    load(map, {isNew: true});
  });
  moment.addEventListener('input', () => {
    stop();
    goTo(map, Number(moment.value));
  });
  play.addEventListener('click', () => (frame === null ? start(map) : stop()));
  whole.addEventListener('click', () => {
    stop();
    at = null;
    showTime(map);
    moment.focus();
  });
  narrow.addEventListener('click', () => {
    const bar = barOf(timesOf(at)[0]);
    narrowTo(map, bar, bar);
    moment.focus();
  });
  followBars(map);
  // Links to other spans keep the map's view, which only the address' fragment knows.
  document.addEventListener('click', ({target}) => {
    const link = target.closest('#live-now, #history-table a, #history-told a');
    if (link) link.hash = location.hash;
  });
}

startPage();
