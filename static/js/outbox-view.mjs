// Shows on every page what waits to be sent, asks what an item asks, and sends when it may be
// possible: when the page opens or is looked at again, when the network is back, and at times the
// site asked for. (The service worker sends too, where the browser has Background Sync.)

import {currentMember} from './offline.mjs';
import {cancel, confirmInstead, flush, onOutboxChange, sendAgain, whereIs} from './outbox.mjs';
import {allItems, getMeta} from './store.mjs';
import {relative} from './time.mjs';

const AGAIN_MS = 30_000;
const bar = document.getElementById('outbox-bar');
const dialog = document.getElementById('outbox');
const part = (name, inside = dialog) => inside.querySelector(`[data-${name}]`);
const language = document.documentElement.lang;
const ages = new Intl.RelativeTimeFormat(language, {numeric: 'auto'});
const clock = new Intl.DateTimeFormat(language, {timeStyle: 'short'});
let timer = null;

/** Sends what is due and plans the next attempt while this page is open. */
export async function sendNow() {
  clearTimeout(timer);
  const {left, wait} = await flush();
  if (left) timer = setTimeout(sendNow, wait ?? AGAIN_MS);
}

const count = (text, n) => text.replace('{n}', n);

function tell(text) {
  const told = part('outbox-told');
  told.textContent = text;
  told.hidden = !text;
}

function metres(distance) {
  const [value, unit] = distance < 1000 ? [Math.round(distance), 'meter'] : [distance / 1000, 'kilometer'];
  return new Intl.NumberFormat(language, {style: 'unit', unit, maximumFractionDigits: 1}).format(value);
}

function age(element, moment) {
  element.dateTime = new Date(moment).toISOString();
  element.textContent = relative(moment, ages);
}

/** A report that is there already, to confirm instead. */
function similarCard(found, act) {
  const node = part('outbox-similar').content.firstElementChild.cloneNode(true);
  const title = part('title', node);
  title.textContent = found.title;
  title.href = found.url;
  age(part('ago', node), Date.parse(found.occurred_at));
  part('distance', node).textContent = metres(found.metres);
  part('reliability', node).textContent = count(dialog.dataset.textReliability, found.reliability);
  const button = node.querySelector('button');
  if (found.mine) {
    button.replaceWith(Object.assign(document.createElement('span'), {
      className: 'badge', textContent: dialog.dataset.textMine,
    }));
  } else {
    button.addEventListener('click', () => act(found));
  }
  if (found.photo) Object.assign(node.querySelector('img'), {src: found.photo, hidden: false});
  return node;
}

/** What an item says of itself. */
function stateOf({state, not_before: later, problem}, signedIn) {
  const {textSimilar, textSentBefore, textSignIn, textSlow, textWaiting} = dialog.dataset;
  if (state === 'asks') {
    if (problem.code === 'similar_near') return textSimilar;
    if (problem.code === 'idempotency_mismatch') return textSentBefore;
    return [problem.title, ...Object.values(problem.errors).flat()].join(' ');
  }
  if (!signedIn) return textSignIn;
  return later > Date.now() ? textSlow.replace('{time}', clock.format(later)) : textWaiting;
}

/**
 * An item with its buttons, as an element. `signedIn`: its member is, as far as this browser knows.
 * `after(key)` runs when a button changed it: the key that it goes on with, or null when it is gone.
 */
export function itemCard(item, signedIn, after = () => {}) {
  const node = part('outbox-item').content.firstElementChild.cloneNode(true);
  const {problem, fields, photos} = item;
  const code = item.state === 'asks' ? problem.code : '';
  const isReport = item.path === '/reports';
  node.dataset.key = item.key;
  part('title', node).textContent = isReport
    ? item.title : dialog.dataset.textConfirmation.replace('{title}', item.title);
  age(part('ago', node), Date.parse(fields.occurred_at ?? '') || item.created_at);
  part('text', node).textContent = fields.text ?? '';
  const {textPhoto, textPhotos} = dialog.dataset;
  if (photos.length) {
    part('photos', node).textContent = photos.length === 1 ? textPhoto : count(textPhotos, photos.length);
  }
  part('state', node).textContent = stateOf(item, signedIn);
  part('state', node).classList.toggle('outbox-item__state--asks', Boolean(code));
  const go = (name, shown, act) => {
    const button = part(name, node);
    button.hidden = !shown;
    button.addEventListener('click', async () => {
      const key = await act();
      after(key);
      if (key) sendNow();
    });
  };
  part('sign-in', node).hidden = signedIn;
  part('sign-in', node).href += `?next=${encodeURIComponent(location.pathname + location.search)}`;
  go('anyway', code === 'similar_near', () => sendAgain(item.key, {anyway: 'yes'}));
  go('history', code === 'too_late', () => sendAgain(item.key, {as_history: 'yes', anyway: 'yes'}));
  go('another', code === 'idempotency_mismatch', () => sendAgain(item.key, {anyway: 'yes'}));
  go('discard', true, async () => {
    const was = await cancel(item.key);
    tell(was ? (item.uncertain ? dialog.dataset.textUncertain : '') : dialog.dataset.textGone);
    return null;
  });
  const edit = part('edit', node);
  edit.hidden = !isReport;
  edit.addEventListener('click', () => {
    dialog.close();
    const asked = new CustomEvent('edit-report', {detail: item.key, cancelable: true});
    // The map's sheet takes it; elsewhere the map is opened for it.
    if (document.dispatchEvent(asked)) location.href = `/?edit=${encodeURIComponent(item.key)}`;
  });
  if (code === 'similar_near') {
    const list = part('similar', node);
    list.hidden = false;
    list.append(...problem.similar.map((found) => similarCard(found, async () => {
      const key = await confirmInstead(item.key, found.id, found.title);
      after(key);
      sendNow();
    })));
  }
  return node;
}

/** A notice that something waits, in #notices: it is told until it was sent, and no longer. */
export function waitingNotice(key, text) {
  const notice = Object.assign(document.createElement('p'), {className: 'notice notice--warn', textContent: text});
  notice.dataset.waits = key;
  return notice;
}

/** A notice that something was sent: what the site said, and the way there. */
export function sentNotice({url, message}) {
  const {textSent, textSee} = dialog.dataset;
  const notice = Object.assign(document.createElement('p'), {
    className: 'notice notice--good', textContent: `${message || textSent} `,
  });
  notice.append(Object.assign(document.createElement('a'), {href: url, textContent: textSee}));
  return notice;
}

async function settleNotices() {
  for (const notice of document.querySelectorAll('#notices > [data-waits]')) {
    const {item, ...sent} = await whereIs(notice.dataset.waits);
    if (sent.url) notice.replaceWith(sentNotice(sent));
    else if (!item) notice.remove();
  }
}

async function show() {
  const [items, signedIn] = await Promise.all([allItems(), getMeta('signed-in')]);
  const mine = items.filter((item) => item.member === currentMember());
  // Of another member's only that there is something, nothing of what.
  const others = items.length - mine.length;
  const asks = mine.filter(({state}) => state === 'asks').length;
  const text = bar.querySelector('[data-text-waiting]');
  const said = asks ? count(text.dataset.textAsks, asks) : count(text.dataset.textWaiting, items.length);
  if (text.textContent !== said) text.textContent = said;
  bar.hidden = !items.length;
  const list = part('outbox-list');
  const focused = document.activeElement?.closest('[data-key]')?.dataset.key;
  list.replaceChildren(...mine.map((item) => itemCard(item, item.member === signedIn)));
  if (others) {
    const note = document.createElement('li');
    note.className = 'notice notice--warn';
    note.dataset.others = others;
    note.textContent = currentMember() ? dialog.dataset.textOther : dialog.dataset.textSignIn;
    if (!currentMember()) {
      const link = document.createElement('a');
      link.href = `/sign-in?next=${encodeURIComponent(location.pathname)}`;
      link.textContent = part('outbox-item').content.querySelector('[data-sign-in]').textContent.trim();
      note.append(' ', link);
    }
    list.append(note);
  }
  if (dialog.open && focused) {
    (list.querySelector(`[data-key="${CSS.escape(focused)}"] button:not([hidden])`)
      ?? document.getElementById('outbox-title')).focus();
  }
  await settleNotices();
  document.body.dataset.outbox = items.length;
}

/** Starts the bar, the list and the sending. `works` false: this browser has no queue. */
export async function showOutbox(works) {
  if (!works) return;
  bar.querySelector('button').addEventListener('click', () => {
    tell('');
    dialog.showModal();
    document.getElementById('outbox-title').focus();
  });
  part('outbox-close').addEventListener('click', () => dialog.close());
  part('outbox-now').addEventListener('click', sendNow);
  onOutboxChange(show);
  addEventListener('online', sendNow);
  document.addEventListener('visibilitychange', () => { if (!document.hidden) sendNow(); });
  await show();
  await sendNow();
}
