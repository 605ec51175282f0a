// My contacts grow while one looks: the part of the page with the rings and the list is asked for
// every few seconds; 304 costs nothing. Who is new is marked, and said to who cannot see it.

const POLL_MS = 4000;
const box = document.getElementById('contacts-tree');
const news = document.getElementById('contacts-news');
let mark = `"${box.dataset.mark}"`;
let timer = null;
let asking = false;

const keys = () => new Set([...box.querySelectorAll('[data-key]')].map(({dataset}) => dataset.key));

function grow(html) {
  const before = keys();
  const listed = box.querySelectorAll('.people__one').length;
  const focused = box.contains(document.activeElement) ? document.activeElement.id : '';
  const scrolled = [...box.querySelectorAll('.people')].map(({scrollTop}) => scrollTop);
  box.innerHTML = html;
  if (focused) document.getElementById(focused)?.focus({preventScroll: true});
  box.querySelectorAll('.people').forEach((list, n) => { list.scrollTop = scrolled[n] ?? 0; });
  for (const each of box.querySelectorAll('[data-key]')) {
    each.classList.toggle('is-new', !before.has(each.dataset.key));
  }
  const count = Math.max(box.querySelectorAll('.people__one').length - listed,
    box.querySelectorAll('.people__one.is-new').length);
  if (count === 1) news.textContent = box.dataset.textOne;
  if (count > 1) news.textContent = box.dataset.textMany.replace('{n}', count);
}

async function ask() {
  clearTimeout(timer);
  if (document.hidden || asking) return;
  asking = true;
  try {
    const answer = await fetch(box.dataset.address, {
      cache: 'no-store', headers: {'If-None-Match': mark},
    });
    if (answer.ok) {
      mark = answer.headers.get('ETag') ?? '';
      grow(await answer.text());
    } else if (answer.status === 401) {
      return; // signed out elsewhere: the page stays as it was
    }
  } catch { /* without a network the page stays what it was, and asks again */ } finally {
    asking = false;
  }
  timer = setTimeout(ask, POLL_MS);
}

document.addEventListener('visibilitychange', () => { if (!document.hidden) ask(); });
addEventListener('online', ask);
timer = setTimeout(ask, POLL_MS);
