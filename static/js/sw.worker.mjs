// The service worker: the site opens without a network, and what waits is sent when there is one.
//
// It keeps two caches, and nothing that belongs to a person:
// - the shell: the map page without a member (in both languages), its files, other files of the build
//   once they were used, and the whole basemap where the reader asked for it. Its name carries the
//   version of the build and of the shell; another version replaces it;
// - the area: what the map last showed. Its tiles and the pieces of the basemap are the same for
//   every reader, and kept as they came; its list is asked for again without cookies, as visitors are
//   shown it. A page throws it away at sign-out.
// Pages themselves are never kept.

import {gps} from 'exifr/dist/lite.esm.mjs';
import {flush, isOurSync} from './outbox.mjs';
import {preparePhoto} from './prepare-photo.mjs';
import {getMeta, setMeta} from './store.mjs';

/* global BASEMAP, BUILD_FILES, BUILD_VERSION */
const SHELL = `boca-shell-${BUILD_VERSION}-${self.SHELL_VERSION}`;
const AREA = 'boca-area';
const PAGES = {es: '/offline/es', en: '/offline/en'};
const LIST = '/map/list';
const TILES = '/map/tiles/';
const BASE = '/basemap/';
const BUILT = '/static/build/';
const MOST_TILES = 200; // a dozen screens, and as many pieces of the basemap
const KEEP_AFTER_MS = 1000;
const KEEP_EVERY_MS = 15_000;
let keptLast = 0;
let wanted = null;
let trimming = null;

self.addEventListener('install', (event) => event.waitUntil(install()));
self.addEventListener('activate', (event) => event.waitUntil(activate()));
self.addEventListener('fetch', (event) => {
  const {request} = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.method === 'POST' && url.pathname === '/share') {
    event.respondWith(takeShared(request));
  } else if (request.method !== 'GET') {
    return;
  } else if (request.mode === 'navigate') {
    event.respondWith(page(event));
  } else if (url.pathname === LIST) {
    event.respondWith(list(event, url));
  } else if (url.pathname.startsWith(TILES)) {
    event.respondWith(tile(event));
  } else if (/^\/(static|basemap)\//.test(url.pathname)) {
    event.respondWith(file(event, url));
  }
});
self.addEventListener('sync', (event) => {
  if (isOurSync(event.tag)) event.waitUntil(sendAll());
});
self.addEventListener('message', (event) => {
  if (event.data === 'forget-area') event.waitUntil(caches.delete(AREA));
  if (event.data === 'keep-basemap') event.waitUntil(keepBasemap());
});

/** A file under its address. Names carry the hash of the content: those of an older version are
    taken over. */
async function keepFile(cache, address) {
  if (await cache.match(address)) return;
  const have = await caches.match(address);
  if (have) await cache.put(address, have);
  else await cache.add(new Request(address, {priority: 'low'}));
}

async function install() {
  const cache = await caches.open(SHELL);
  await Promise.all(BUILD_FILES.map((address) => keepFile(cache, address)));
  if (await caches.match(BASEMAP)) await keepFile(cache, BASEMAP);
  await Promise.all(Object.entries(PAGES).map(async ([language, address]) => {
    const answer = await fetch(address, {credentials: 'omit', cache: 'no-store'});
    if (!answer.ok) throw new Error(`${answer.status} ${address}: no shell in ${language}`);
    await cache.put(address, answer);
  }));
  await self.skipWaiting();
}

/** The whole basemap, for a reader who asked for it; every page is told what came of it. */
async function keepBasemap() {
  let basemap = true;
  try {
    await keepFile(await caches.open(SHELL), BASEMAP);
  } catch (error) {
    console.info('The basemap is kept another time.', error);
    basemap = false;
  }
  for (const client of await self.clients.matchAll()) client.postMessage({basemap});
}

async function activate() {
  const names = await caches.keys();
  await Promise.all(names
    .filter((name) => name.startsWith('boca-') && name !== SHELL && name !== AREA)
    .map((name) => caches.delete(name)));
  await self.registration.navigationPreload?.enable();
  await self.clients.claim();
}

/** Pages come from the network; without one, the shell takes their place. */
async function page(event) {
  try {
    return await event.preloadResponse ?? await fetch(event.request);
  } catch {
    const language = await getMeta('language') ?? navigator.language.slice(0, 2);
    const cache = await caches.open(SHELL);
    return await cache.match(PAGES[language] ?? PAGES.en) ?? Response.error();
  }
}

async function file(event, url) {
  const {request} = event;
  const range = request.headers.get('range');
  const cache = await caches.open(SHELL);
  const kept = await cache.match(url.pathname, {ignoreVary: true});
  if (kept) return range ? part(kept, range) : kept;
  if (range) return piece(event, `${url.pathname}?${range}`);
  const answer = await fetch(request);
  if (answer.ok && url.pathname.startsWith(BUILT)) event.waitUntil(cache.put(url.pathname, answer.clone()));
  return answer;
}

/** The Cache API holds whole answers only; the map asks for ranges of the basemap. */
async function part(kept, range) {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range) ?? [];
  const blob = await kept.blob();
  const first = Number(from);
  const last = Math.min(to ? Number(to) : Infinity, blob.size - 1);
  if (from === undefined || first > last) {
    return new Response(null, {status: 416, headers: {'Content-Range': `bytes */${blob.size}`}});
  }
  return new Response(blob.slice(first, last + 1), {
    status: 206,
    headers: {
      'Content-Range': `bytes ${first}-${last}/${blob.size}`,
      'Content-Length': String(last - first + 1),
      'Content-Type': kept.headers.get('Content-Type') ?? 'application/octet-stream',
      ETag: kept.headers.get('ETag') ?? '"kept"',
    },
  });
}

/** A range of the basemap as it was kept, or as it comes; kept then as a whole answer that says which
    part it is. */
async function piece(event, name) {
  const cache = await caches.open(AREA);
  const kept = await cache.match(name);
  if (kept) {
    event.waitUntil(keepTile(name, kept.clone()));
    return new Response(kept.body, {status: 206, headers: kept.headers});
  }
  const answer = await fetch(event.request);
  if (answer.status === 206) {
    const {body, headers} = answer.clone();
    const said = ['Content-Range', 'Content-Length', 'Content-Type', 'ETag']
      .flatMap((each) => (headers.has(each) ? [[each, headers.get(each)]] : []));
    event.waitUntil(keepTile(name, new Response(body, {headers: said})));
  }
  return answer;
}

/** Under what a list is kept: the newest of each choice of filters, wherever it was. */
function keptAs(url) {
  const query = new URLSearchParams(url.search);
  for (const name of ['bbox', 'zoom', 'from', 'via']) query.delete(name);
  return `${url.pathname}?${query}`;
}

async function list(event, url) {
  const {request} = event;
  try {
    const answer = await fetch(request);
    if (answer.ok) event.waitUntil(Promise.all([keep(url), say(event.clientId, null)]));
    return answer;
  } catch (error) {
    if (request.signal.aborted) throw error;
    const cache = await caches.open(AREA);
    const kept = await cache.match(keptAs(url))
      ?? await cache.match(url.pathname, {ignoreSearch: true});
    await say(event.clientId, kept ? kept.headers.get('X-Kept-At') : '');
    return kept ?? new Response('', {headers: {'Content-Type': 'text/html'}});
  }
}

/** A tile as it comes; without a network as it last came, or empty. */
async function tile(event) {
  const {request} = event;
  try {
    const answer = await fetch(request);
    if (answer.ok) event.waitUntil(keepTile(request.url, answer.clone()));
    return answer;
  } catch (error) {
    if (request.signal.aborted) throw error;
    const cache = await caches.open(AREA);
    return await cache.match(request.url)
      ?? new Response(new ArrayBuffer(), {headers: {'Content-Type': 'application/vnd.mapbox-vector-tile'}});
  }
}

/** Keeps a tile that was shown; of too many, those seen longest ago go. */
async function keepTile(url, answer) {
  try {
    const cache = await caches.open(AREA);
    await cache.delete(url); // what is put again counts as seen last
    await cache.put(url, answer);
    trimming ??= trim(cache).finally(() => { trimming = null; });
    await trimming;
  } catch (error) {
    console.info('The tile is kept another time.', error);
  }
}

async function trim(cache) {
  await new Promise((done) => { setTimeout(done, KEEP_AFTER_MS); });
  const keys = await cache.keys();
  const tooMany = [TILES, BASE].flatMap((folder) => keys
    .filter(({url}) => new URL(url).pathname.startsWith(folder)).slice(0, -MOST_TILES));
  await Promise.all(tooMany.map((each) => cache.delete(each)));
}

/** Tells a page how old its map is: null from the network, '' nothing kept, else an ISO time. */
async function say(client, keptAt) {
  (await self.clients.get(client))?.postMessage({area: keptAt});
}

/** Keeps the list of what the map shows once it stands still, as anybody is shown it. */
async function keep(url) {
  wanted = url;
  const pause = Math.max(KEEP_AFTER_MS, keptLast + KEEP_EVERY_MS - Date.now());
  await new Promise((done) => { setTimeout(done, pause); });
  if (wanted !== url) return;
  wanted = null;
  try {
    const language = await getMeta('language') ?? 'en';
    const answer = await fetch(url, {
      credentials: 'omit', cache: 'no-store', headers: {'Accept-Language': language},
    });
    if (!answer.ok) return;
    const headers = new Headers({
      'Content-Type': answer.headers.get('Content-Type'), 'X-Kept-At': new Date().toISOString(),
    });
    const cache = await caches.open(AREA);
    await cache.put(keptAs(url), new Response(await answer.blob(), {headers}));
    keptLast = Date.now();
  } catch (error) {
    console.info('The list is kept another time.', error);
  }
}

/** A rejected sync is tried again by the browser, later and later. */
async function sendAll() {
  const {left} = await flush();
  if (left) throw new Error(`${left} to send later`);
}

/** A photo handed over by another app: its position is read, its metadata dropped, and the map's
    sheet opens with it. Nothing leaves the browser. */
async function takeShared(request) {
  try {
    const form = await request.formData();
    const photos = form.getAll('photos').filter((each) => each instanceof File && each.size);
    const prepared = await Promise.all(photos.slice(0, 4).map((each) => preparePhoto(each, gps)));
    await setMeta('shared', {
      photos: prepared.map(({photo}) => photo),
      position: prepared.find(({position}) => position)?.position ?? null,
      text: [form.get('title'), form.get('text')].filter(Boolean).join('\n'),
      at: Date.now(),
    });
  } catch (error) {
    console.warn('What was shared could not be taken.', error);
  }
  return Response.redirect('/?report=1', 303);
}
