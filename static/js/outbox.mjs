// The queue of what a member wrote and the site has not taken yet. Everything that is posted from
// the map goes through it, so that nothing is lost and nothing is sent twice:
// - an item is stored, with its idempotency key, before the first attempt;
// - one sender at a time, across tabs and the service worker (a lock named `boca-outbox`);
// - an item leaves the queue only when the site said what became of it, or its member discards it;
// - it is sent only while the member who wrote it is signed in.
//
// An item: {key, member, path, fields: {name: text}, photos: [{buffer, type, name, text}], title,
// created_at, state: 'waiting' | 'asks', not_before (ms), uncertain, problem: {code, title, status,
// errors, similar} | null}. `uncertain`: an attempt was cut off, so the site may have taken it.

import {allItems, deleteItem, getItem, getSent, noteSent, putItem, replaceItem, setMeta}
  from './store.mjs';

const LOCK = 'boca-outbox';
const SYNC_TAG = 'boca-outbox';
const ASK_TIMEOUT_MS = 15_000;
const SEND_TIMEOUT_MS = 180_000;
const WITHOUT_RETRY_AFTER_S = 60;
const LATER = new Set([408, 425, 429, 500, 502, 503, 504]);
const channel = new BroadcastChannel('boca-outbox');

/** Tells every tab, this one included, that the queue changed. */
function changed() {
  channel.postMessage('changed');
  globalThis.dispatchEvent(new Event('outbox-changed'));
}

export function onOutboxChange(listener) {
  channel.addEventListener('message', listener);
  globalThis.addEventListener('outbox-changed', listener);
}

const alone = (work) => navigator.locks.request(LOCK, work);

/** Stores a new item and asks the browser to send it even when no page of ours is open. */
export async function enqueue(item) {
  await putItem({
    not_before: 0, uncertain: false, problem: null, photos: [], created_at: Date.now(), ...item,
    state: 'waiting',
  });
  changed();
  await askForSync();
}

/** Background Sync where there is one; elsewhere the pages send (see outbox-view.mjs). */
async function askForSync() {
  try {
    const registration = globalThis.registration
      ?? await navigator.serviceWorker?.getRegistration();
    await registration?.sync?.register(SYNC_TAG);
  } catch (error) {
    console.info('No background sync; it is sent while a page is open.', error);
  }
}

export const isOurSync = (tag) => tag === SYNC_TAG;

class Unreachable extends Error {}

/** {member, csrf} of the session as it is now. Throws Unreachable, also for the page that a network
    shows before it lets anybody through. */
async function session() {
  try {
    const answer = await fetch('/session', {
      headers: {Accept: 'application/json'}, cache: 'no-store', redirect: 'error',
      signal: AbortSignal.timeout(ASK_TIMEOUT_MS),
    });
    const state = await answer.json();
    if (answer.ok && 'member' in state) {
      await setMeta('signed-in', state.member ?? '');
      return state;
    }
  } catch (error) {
    throw new Unreachable('The site does not answer.', {cause: error});
  }
  throw new Unreachable('Something else than the site answers.');
}

function bodyOf({fields, photos}, csrf) {
  const body = new FormData();
  body.append('csrf_token', csrf);
  for (const [name, value] of Object.entries(fields)) if (value !== '') body.append(name, value);
  for (const {buffer, type, name, text} of photos) {
    body.append('photos', new File([buffer], name, {type}));
    body.append('photo_text', text);
  }
  return body;
}

async function post(item, csrf) {
  try {
    const answer = await fetch(item.path, {
      method: 'POST', body: bodyOf(item, csrf), redirect: 'error',
      headers: {Accept: 'application/json', 'Idempotency-Key': item.key},
      signal: AbortSignal.timeout(SEND_TIMEOUT_MS),
    });
    // A body that cannot be read is nobody we know: 502 pages, hotel networks.
    return {answer, told: await answer.json().catch(() => null)};
  } catch (error) {
    throw new Unreachable('The site could not be reached.', {cause: error});
  }
}

/** Sends one item. Returns 'sent', 'asks', 'signed out', or the milliseconds to wait. */
async function sendOne(item, state) {
  let {answer, told} = await post(item, state.csrf);
  if (told?.code === 'csrf') {
    Object.assign(state, await session());
    if (state.member !== item.member) return 'signed out';
    ({answer, told} = await post(item, state.csrf));
  }
  if (answer.ok && told?.url) {
    await noteSent(item.key, told.url, told.message ?? '');
    return 'sent';
  }
  if (answer.status === 401) {
    await setMeta('signed-in', '');
    return 'signed out';
  }
  if (answer.ok || !told?.code || told.code === 'csrf' || LATER.has(answer.status)) {
    const seconds = Number(answer.headers.get('Retry-After')) || WITHOUT_RETRY_AFTER_S;
    return seconds * 1000;
  }
  await putItem({
    ...item, state: 'asks',
    problem: {
      code: told.code, title: told.title, status: answer.status,
      errors: told.errors ?? {}, similar: told.similar ?? [],
    },
  });
  return 'asks';
}

const isDue = (item, now) => item.state === 'waiting' && item.not_before <= now;

/**
 * Sends what is due, one after the other. Returns {left, wait}: how many of the signed-in member's
 * items could not be sent yet, and in how many ms to try again (null: when something changes).
 */
export function flush() {
  return alone(async () => {
    const result = {left: 0, wait: null};
    const due = (await allItems()).filter((item) => isDue(item, Date.now()));
    try {
      const state = due.length ? await session() : null;
      for (const {key} of due) {
        const item = await getItem(key);
        if (!item || item.member !== state.member) continue;
        let outcome;
        try {
          outcome = await sendOne(item, state);
        } catch (error) {
          if (error instanceof Unreachable) await putItem({...item, uncertain: true});
          throw error;
        }
        changed();
        if (outcome === 'signed out') break;
        if (typeof outcome === 'number') {
          // What the site asks of one item it asks of its sender.
          for (const {key: other} of due) {
            const waiting = await getItem(other);
            if (waiting?.member === item.member && waiting.state === 'waiting') {
              await putItem({...waiting, not_before: Date.now() + outcome});
            }
          }
          break;
        }
      }
      const mine = (await allItems()).filter(
        (item) => item.state === 'waiting' && (!state || item.member === state.member));
      const waits = mine.map((item) => item.not_before - Date.now()).filter((ms) => ms > 0);
      result.left = mine.length;
      if (waits.length) result.wait = Math.min(...waits);
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      result.left = due.length;
    }
    changed();
    return result;
  });
}

/** What became of an item: {item} while it is here, {url, message} when it was sent, {} when
    discarded. */
export async function whereIs(key) {
  const [item, sent] = await Promise.all([getItem(key), getSent(key)]);
  return item ? {item} : sent ? {url: sent.url, message: sent.message ?? ''} : {};
}

/** Takes an item out unless it is sent meanwhile: an attempt that runs is waited for. Returns
    whether it was still here. */
export async function cancel(key) {
  const found = await alone(async () => {
    const item = await getItem(key);
    if (item) await deleteItem(key);
    return Boolean(item);
  });
  changed();
  return found;
}

/** Takes out all that a member wrote. */
export async function cancelAllOf(member) {
  for (const item of await allItems()) if (item.member === member) await cancel(item.key);
}

/** Answers what an item asks: other fields, and it waits to be sent again. What the site took in an
    attempt that was cut off keeps its key; so another content needs another key. Returns the key. */
export async function sendAgain(key, changes, {photos} = {}) {
  const next = await alone(async () => {
    const item = await getItem(key);
    if (!item) return null;
    const renewed = {
      ...item, state: 'waiting', problem: null, not_before: 0, uncertain: false,
      key: item.problem?.code === 'idempotency_mismatch' ? crypto.randomUUID() : item.key,
      fields: {...item.fields, ...changes}, photos: photos ?? item.photos,
    };
    await replaceItem(key, renewed);
    return renewed.key;
  });
  changed();
  await askForSync();
  return next;
}

/** "It is that one": the item becomes a confirmation of a report that is there already, whose author
    is followed by asking what happens to it. Returns the new key. */
export async function confirmInstead(key, report, title) {
  const next = await alone(async () => {
    const item = await getItem(key);
    if (!item) return null;
    const {lat, lon, accuracy_m: accuracy} = item.fields;
    const confirmation = {
      ...item, key: crypto.randomUUID(), path: `/reports/${report}/vote`, title,
      // Where the voter stands is told only when the device said it, not for a point of the map.
      fields: {still_there: 'yes', follow: 'yes', ...(accuracy && {lat, lon})},
      photos: [], state: 'waiting', problem: null, not_before: 0, uncertain: false,
    };
    await replaceItem(key, confirmation);
    return confirmation.key;
  });
  changed();
  await askForSync();
  return next;
}
