// What this browser keeps: reports that wait to be sent, what became of them, and a few facts. Used
// by the pages and by the service worker alike.

import {openDB} from 'idb';

const DAY_MS = 86_400_000;
let opened = null;

/** outbox: items by key (see outbox.mjs); sent: {key, url, message, at} of the last day; meta: by name. */
function database() {
  opened ??= openDB('boca', 1, {
    upgrade(db) {
      db.createObjectStore('outbox', {keyPath: 'key'});
      db.createObjectStore('sent', {keyPath: 'key'});
      db.createObjectStore('meta');
    },
    // A newer version of this script in another tab wants to change the stores.
    blocking(_current, _wanted, event) {
      event.target.close();
      opened = null;
    },
    terminated() { opened = null; },
  });
  return opened;
}

export const putItem = async (item) => (await database()).put('outbox', item);
export const getItem = async (key) => (await database()).get('outbox', key);
export const getMeta = async (name) => (await database()).get('meta', name);
export const setMeta = async (name, value) => (await database()).put('meta', value, name);
export const deleteMeta = async (name) => (await database()).delete('meta', name);
export const getSent = async (key) => (await database()).get('sent', key);
export const deleteItem = async (key) => (await database()).delete('outbox', key);

/** Every waiting item, oldest first. */
export async function allItems() {
  const items = await (await database()).getAll('outbox');
  return items.sort((a, b) => a.created_at - b.created_at);
}

/** Takes an item out and notes where it went and what the site said, in one transaction. */
export async function noteSent(key, url, message) {
  const transaction = (await database()).transaction(['outbox', 'sent'], 'readwrite');
  const [outbox, sent] = ['outbox', 'sent'].map((name) => transaction.objectStore(name));
  const now = Date.now();
  await Promise.all([outbox.delete(key), sent.put({key, url, message, at: now})]);
  for (const old of await sent.getAll()) if (now - old.at > DAY_MS) await sent.delete(old.key);
  await transaction.done;
}

/** Puts `item` in the place of the one called `key`, in one transaction. */
export async function replaceItem(key, item) {
  const transaction = (await database()).transaction('outbox', 'readwrite');
  await Promise.all([transaction.store.delete(key), transaction.store.put(item), transaction.done]);
}
