// The page's side of working without a network: registers the service worker, knows who uses this
// browser, and says how old the map is.

import {wrapLon} from './coordinates.mjs';
import {getMeta, setMeta} from './store.mjs';

const VIEW = 'map-view';
let viewer = null;
let tellKnown;

/** Resolves when `currentMember()` is known. */
export const known = new Promise((resolve) => { tellKnown = resolve; });

/** The member who uses this browser (a public id), or '': the page says it, and the shell, which
    says nothing about anybody, takes the last one that a page said. */
export const currentMember = () => viewer;

export const isShell = () => 'shell' in document.body.dataset;

/** Another member, or none any more: what the last one looked at is shown to no other. Their drafts
    and what waits to be sent stay, under their id, unless they chose otherwise. */
async function rememberMember() {
  const before = await getMeta('member') ?? '';
  if (isShell()) return before;
  const member = document.body.dataset.member ?? '';
  if (before && before !== member) {
    localStorage.removeItem(VIEW);
    await caches.delete('boca-area');
    await setMeta('shared', null);
  }
  await setMeta('member', member);
  await setMeta('signed-in', member);
  await setMeta('language', document.documentElement.lang);
  return member;
}

/** How much a browser keeps, least first: nothing; the site (its shell, and what was seen of the map);
    the whole basemap too. */
const LEVELS = [undefined, 'site', 'basemap'];
const more = (one, other) => (LEVELS.indexOf(one) < LEVELS.indexOf(other) ? other : one);

async function register() {
  const options = {scope: '/', updateViaCache: 'none'};
  try {
    await navigator.serviceWorker.register('/sw.js', {...options, type: 'module'});
  } catch (error) {
    // Where workers cannot be modules: it is one file without imports.
    if (error.name !== 'TypeError') console.info('No service worker.', error);
    await navigator.serviceWorker.register('/sw.js', options);
  }
}

/** Keeps the site from now on, with the whole basemap where `level` says so. Resolves when it is on its
    way; the worker tells pages `{basemap}` when that was kept, or not. */
export async function keepForLater(level = 'site') {
  if (!('serviceWorker' in navigator)) return;
  const kept = more(await getMeta('keeps'), level);
  await setMeta('keeps', kept);
  await register();
  if (kept === 'basemap') (await navigator.serviceWorker.ready).active.postMessage('keep-basemap');
}

const isInstalled = () => matchMedia('(display-mode: standalone)').matches || navigator.standalone === true;

/** What this browser keeps without a press: the site for members, unless the device saves data; all
    for who installed it; for others, nothing. */
function keepsByItself() {
  if (isInstalled()) return 'basemap';
  return viewer && !navigator.connection?.saveData ? 'site' : undefined;
}

/** After the page, which comes first. */
function keepWhenLoaded() {
  const start = async () => {
    try {
      const level = more(await getMeta('keeps'), keepsByItself());
      if (level) await keepForLater(level);
      document.body.dataset.keeps = level ?? 'nothing';
    } catch (error) {
      console.info('No service worker.', error);
    }
  };
  if (document.readyState === 'complete') start();
  else addEventListener('load', start, {once: true});
  addEventListener('appinstalled', () => keepForLater('basemap').catch(console.info));
}

/** The button that keeps the map for where there is no network. */
async function offerToKeep(box) {
  const button = box.querySelector('button');
  const status = box.querySelector('[role=status]');
  const {textKeeping, textKept, textFailed} = box.dataset;
  const say = (text, isAsked) => {
    status.textContent = text;
    button.hidden = !isAsked;
    button.setAttribute('aria-disabled', String(text === textKeeping));
  };
  navigator.serviceWorker.addEventListener('message', ({data}) => {
    if (data && 'basemap' in data) say(data.basemap ? textKept : textFailed, !data.basemap);
  });
  button.addEventListener('click', async () => {
    if (button.getAttribute('aria-disabled') === 'true') return;
    say(textKeeping, true);
    try {
      await keepForLater('basemap');
    } catch (error) {
      console.info(error);
      say(textFailed, true);
    }
  });
  box.hidden = isShell() || await getMeta('keeps') === 'basemap';
}

/** Dark or light as chosen, and the menu of whoever uses this browser: the shell is the same for
    everybody. */
function dressShell() {
  known.then(() => { document.getElementById('shell-menu').hidden = !viewer; });
  const [, theme] = document.cookie.match(/(?:^|; )(?:__Host-)?theme=(light|dark)/) ?? [];
  if (theme) document.documentElement.dataset.theme = theme;
}

/** The shell opens where the map was last; must run before the map is made. */
export function openLastView() {
  const kept = localStorage.getItem(VIEW);
  if (isShell() && kept && !/\bat=/.test(location.hash)) {
    history.replaceState(history.state, '', `${location.search}#at=${kept}`);
  }
}

export function rememberView({lng, lat}, zoom) {
  localStorage.setItem(VIEW, `${zoom.toFixed(2)}/${lat.toFixed(5)}/${wrapLon(lng).toFixed(5)}`);
}

function sayHowOld(line) {
  const format = new Intl.DateTimeFormat(document.documentElement.lang, {
    dateStyle: 'medium', timeStyle: 'short',
  });
  const say = (keptAt) => {
    line.hidden = false;
    const {textAsOf, textNothing, textElsewhere} = line.dataset;
    const age = keptAt ? textAsOf.replace('{time}', format.format(new Date(keptAt))) : textNothing;
    const elsewhere = isShell() && location.pathname !== '/';
    line.textContent = elsewhere ? `${textElsewhere} ${age}` : age;
  };
  const back = () => {
    if (!isShell()) {
      line.hidden = true;
      return;
    }
    const link = document.createElement('a');
    link.href = location.href;
    link.textContent = line.dataset.textReload;
    link.addEventListener('click', (event) => {
      event.preventDefault();
      location.reload();
    });
    line.hidden = false;
    line.replaceChildren(`${line.dataset.textBack} `, link);
  };
  navigator.serviceWorker.addEventListener('message', ({data}) => {
    if (!data || !('area' in data)) return;
    if (data.area === null) back();
    else say(data.area);
  });
  navigator.serviceWorker.startMessages();
}

/** Starts it all; resolves with the member when that is known. */
export async function workOffline() {
  if (isShell()) dressShell();
  if (!('serviceWorker' in navigator) || !('locks' in navigator)) {
    viewer = document.body.dataset.member ?? '';
    tellKnown();
    return false;
  }
  const line = document.getElementById('offline-line');
  if (line) sayHowOld(line);
  try {
    viewer = await rememberMember();
  } catch (error) {
    // Storage may be refused (private windows): the site works, it only keeps nothing.
    console.info('This browser keeps nothing.', error);
    viewer = document.body.dataset.member ?? '';
    return false;
  } finally {
    tellKnown();
  }
  keepWhenLoaded();
  const box = document.getElementById('keep-map');
  if (box) offerToKeep(box);
  return true;
}
