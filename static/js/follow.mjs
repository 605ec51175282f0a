// What the map draws is its tiles, and over them what the live stream told since the oldest of
// them. docs/decisions/0014-tiles-in-the-browser.md says why.

import {oldest} from './cursors.mjs';
import {liveStream} from './live.mjs';

const DEEP = 10; // from this zoom on each thing is in the tiles by itself
const SOON_MS = {low: 1500, deep: 1000}; // the site folds what changed into its tiles within a second
const ONCE_MORE_MS = 5000;
const FLOOD_MS = 3000;
const RETRY_MS = 5000;
const MOST_TOLD = 400;
const OLD_MS = 5 * 60_000; // the stream goes on from a tile of at most 15 minutes
const DRAW_MS = 100;
const JUST_NOW_S = 15 * 60;

/** Whether a told report passes the filters that the stream knows nothing of. */
const isShown = (feature, {reliability, hours}) => {
  const {reliability: believed, at} = feature.properties;
  return believed >= reliability && (!hours || at > Date.now() / 1000 - hours * 3600);
};

/**
 * Keeps a map up to date. `tiles` is `mapTiles(map)`; `filters()` gives {query (URLSearchParams of
 * the tiles), isFollowed (whether reports are shown)}; `draw({features, versions})` puts over the
 * tiles what was told (GeoJSON features, and versions by public id up to which the tiles' own are
 * hidden); `changed(news)` says that something did, and how many reports are new; `settled()` that
 * the view is drawn.
 */
export function followMap(map, {tiles, url, filters, draw, changed, settled, status}) {
  let told = new Map(); // by public id: {version, feature}; `feature` is null when it is gone
  let toldAt = 0;
  const heard = new Set();
  let followed = null; // {key, isDeep} of the open stream
  let turn = 0;
  let drawing = null;
  let [soon, onceMore, retry] = [null, null, null];
  let isRenewing = false;
  let isStale = false; // all on screen is to be asked for again, also by a look that came later
  let renewedAt = 0;
  let emptiedAt = 0;

  function limits() {
    const {query} = filters();
    return {reliability: Number(query.get('reliability')), hours: Number(query.get('hours'))};
  }

  function drawNow() {
    drawing = null;
    const limit = limits();
    draw({
      features: [...told.values()].map(({feature}) => feature)
        .filter((feature) => feature && isShown(feature, limit)),
      versions: Object.fromEntries([...told].map(([id, {version}]) => [id, version])),
    });
  }
  const drawSoon = () => { drawing ??= setTimeout(drawNow, DRAW_MS); };

  async function renewTiles() {
    soon = null;
    if (isRenewing) return;
    isRenewing = true;
    // What is on its way may have been asked for before the change.
    await tiles.drained();
    renewedAt = Date.now();
    tiles.refresh();
    await tiles.drained();
    isRenewing = false;
    if (tiles.failed()) retryLater();
  }

  /** Asks for the tiles again a moment after a change, and once more when all is folded; in a flood
      not more often than the site can fold. */
  function renewSoon() {
    const wait = tiles.zoom() >= DEEP ? SOON_MS.deep : SOON_MS.low;
    soon ??= setTimeout(renewTiles, Math.max(wait, renewedAt + FLOOD_MS - Date.now()));
    clearTimeout(onceMore);
    onceMore = setTimeout(renewTiles, ONCE_MORE_MS);
  }

  /** Of these, the ids that the tiles show already. */
  function inTiles(ids) {
    if (!ids.length || !map.getSource('reports')) return new Set();
    return new Set(map.querySourceFeatures('reports', {
      sourceLayer: 'points', filter: ['in', ['get', 'id'], ['literal', ids]],
    }).map(({properties}) => properties.id));
  }

  function apply({upserts, gone, isFirst}) {
    const isDeep = Boolean(followed?.isDeep);
    const limit = limits();
    const before = told;
    if (isFirst) told = new Map();
    const news = [];
    for (const feature of upserts) {
      const {id, version, at} = feature.properties;
      const isNew = !heard.has(id) && !before.has(id) && at > Date.now() / 1000 - JUST_NOW_S;
      heard.add(id);
      if (isNew && isShown(feature, limit)) news.push(id);
      if (isDeep) told.set(id, {version: Number(version), feature});
    }
    const known = isDeep ? inTiles(news) : new Set();
    const count = news.filter((id) => !known.has(id)).length;
    for (const {id, version} of gone) if (isDeep) told.set(id, {version: Number(version), feature: null});
    if (told.size || before.size) drawSoon();
    if (!upserts.length && !gone.length) return;
    toldAt = performance.now();
    if (!isDeep) renewSoon();
    changed(count);
    if (told.size > MOST_TOLD && Date.now() - emptiedAt > FLOOD_MS) {
      emptiedAt = Date.now();
      look({anew: true});
    }
  }

  const live = liveStream({
    url, changes: '/map/changes', status, apply, resync: () => look({anew: true}),
  });

  function retryLater() {
    clearTimeout(retry);
    status('reconnecting');
    if (navigator.onLine) retry = setTimeout(look, RETRY_MS, {anew: true});
  }

  /** The view moved, or other filters hold: what is new on screen is waited for, then followed. The
      stream of the view before goes on until then. */
  async function look({anew = false} = {}) {
    turn += 1;
    const mine = turn;
    const isOver = () => mine !== turn;
    clearTimeout(retry);
    isStale ||= anew;
    if (isStale) {
      followed = followed && {...followed, key: ''};
      if (!await tiles.drained(isOver)) return;
      isStale = false;
      tiles.refresh();
    }
    if (!await tiles.settled(isOver)) return;
    const {query, isFollowed} = filters();
    settled();
    if (told.size) drawSoon(); // the filters may be others
    if (tiles.failed()) retryLater();
    if (!isFollowed) {
      live.stop();
      followed = null;
      told = new Map();
      drawNow();
      return;
    }
    const view = new URLSearchParams({bbox: tiles.box()});
    if (query.get('kinds')) view.set('kinds', query.get('kinds'));
    const isDeep = tiles.zoom() >= DEEP && !query.has('brand');
    const key = `${view} ${isDeep} ${query}`;
    if (key === followed?.key) return;
    // What stayed on screen is brought up to date, so that what was told over it can be forgotten:
    // what is gone from here may be somewhere in the new part.
    tiles.refresh(Math.max(told.size ? toldAt : 0, performance.now() - OLD_MS));
    if (!await tiles.settled(isOver)) return;
    const cursor = oldest(tiles.cursors());
    if (!cursor) {
      retryLater();
      return;
    }
    followed = {key, isDeep};
    live.open(view, cursor);
  }

  return {look};
}
