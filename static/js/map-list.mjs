// The list beside the map: the same things as text, with links; what moves on the map is told here.

import htmx from 'htmx.org';

const RENEW_MS = 1000; // the list follows the stream at most this often, and more slowly in a flood
const FLOOD_MS = 4000;
const TELL_MS = 10000;

/** `address(page)` is what the list shows now, `/map/list?…`. `choose(id)` is called with what is
    pointed at or has the focus. */
export function mapList({address, choose}) {
  const list = document.getElementById('map-list');
  const news = document.getElementById('live-news');
  let running = null;
  let renewedAt = 0;
  let pause = RENEW_MS;
  let waiting = null;
  let fresh = 0;
  let telling = null;
  let marked = null;

  const entries = () => [...list.querySelectorAll('[data-id]')];
  const showMark = () => {
    for (const entry of entries()) entry.classList.toggle('is-chosen', entry.dataset.id === marked);
  };

  /** Entries that stay are the same elements: what has the focus keeps it, what is read stays put. */
  async function show(page = Number(list.querySelector('[data-page]')?.dataset.page ?? 1)) {
    clearTimeout(waiting);
    waiting = null;
    running?.abort();
    running = new AbortController();
    renewedAt = Date.now();
    const answer = await fetch(address(page), {signal: running.signal});
    if (!answer.ok) throw new Error(`${answer.status} ${answer.url}`);
    await htmx.swap({target: list, text: await answer.text(), swap: 'innerMorph'});
    showMark(); // the server knows of none
  }

  /** Says `text` to those who listen; silences what is older. */
  function tell(text) {
    fresh = 0;
    clearTimeout(telling);
    telling = null;
    news.textContent = text;
  }

  for (const event of ['pointerover', 'focusin']) {
    list.addEventListener(event, ({target}) => {
      const entry = target.closest('[data-id]');
      if (entry) choose(entry.dataset.id);
    });
  }

  list.addEventListener('click', async (event) => {
    const link = event.target.closest('[data-to-page]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    try {
      await show(Number(link.dataset.toPage));
    } catch (error) {
      if (error.name !== 'AbortError') location.assign(link.href);
      return;
    }
    list.scrollIntoView({block: 'nearest'});
    list.closest('.map-side').scrollTop = 0;
    tell(list.querySelector('p')?.textContent ?? '');
    list.querySelector('.item')?.focus();
  });

  return {
    /** Shows what the map shows now; with `isNews`, because the reader went there, it says how much
        that is. Raises Error when it cannot be had. */
    async open({isNews}) {
      list.ariaBusy = 'true';
      await show(1); // another view begins at its first page
      list.ariaBusy = 'false';
      if (isNews) tell(list.querySelector('p')?.textContent ?? '');
    },
    /** Something changed: the list follows a little later. */
    renewSoon() {
      waiting ??= setTimeout(() => {
        pause = Date.now() - renewedAt > 2 * FLOOD_MS ? RENEW_MS : Math.min(pause * 1.3, FLOOD_MS);
        show().catch((error) => { if (error.name !== 'AbortError') console.warn(error); });
      }, Math.max(0, renewedAt + pause - Date.now()));
    },
    /** Says how many are new, once in ten seconds. */
    tellOf(count) {
      fresh += count;
      if (!fresh || telling) return;
      news.textContent = fresh === 1 ? news.dataset.one : news.dataset.many.replace('{n}', fresh);
      const said = fresh;
      telling = setTimeout(() => {
        telling = null;
        const more = fresh - said;
        fresh = 0;
        this.tellOf(more);
      }, TELL_MS);
    },
    /** Marks an entry, and brings it into sight where the list scrolls by itself; the page, and the
        map, stay put. */
    mark(id) {
      marked = id;
      showMark();
      const entry = entries().find(({dataset}) => dataset.id === id);
      const side = list.closest('.map-side');
      if (!entry || side.scrollHeight <= side.clientHeight) return;
      const [box, at] = [side.getBoundingClientRect(), entry.getBoundingClientRect()];
      side.scrollTop += Math.min(0, at.top - box.top) + Math.max(0, at.bottom - box.bottom);
    },
    /** The entry's card as HTML, when it is listed. */
    card: (id) => list.querySelector(`[data-id="${CSS.escape(id)}"]`)?.innerHTML,
  };
}
