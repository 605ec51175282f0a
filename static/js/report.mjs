// Every link to the form of a report opens the sheet instead, wherever it stands. The map page holds
// the sheet; on other pages it is fetched, with its script, when it is first asked for: no map code
// comes with it. Where that fails, the link leads where it says.

import {isShell, known} from './offline.mjs';

export const OPEN = 'open-report';
const PATH = '/reports/new';
const [READY_MS, READY_STEP_MS] = [10_000, 50];

/** Where who joins or signs in comes back to: this page, with the sheet open. */
export function reportAddress() {
  const address = new URL(location.href);
  if (address.pathname === PATH) address.pathname = '/';
  address.searchParams.set('report', '1');
  return address.pathname + address.search;
}

/** What a link already says of the report. */
function saidBy({searchParams}) {
  const lat = searchParams.get('lat');
  const lon = searchParams.get('lon');
  const isPlaced = lat && lon && Number.isFinite(Number(lat)) && Number.isFinite(Number(lon));
  return {
    position: isPlaced ? {lat: Number(lat), lon: Number(lon), from: 'chosen'} : null,
    words: searchParams.get('text') ?? '',
    chosen: {kind: searchParams.get('kind') ?? '', subkind: searchParams.get('subkind') ?? ''},
  };
}

let fetching = null;

async function fetchSheet() {
  const answer = await fetch(`/offline/sheet/${document.documentElement.lang}`);
  if (!answer.ok) throw new Error(`${answer.status} ${answer.url}`);
  const holder = document.createElement('template');
  holder.innerHTML = await answer.text();
  document.body.append(holder.content);
  const {reportSheet} = await import('./sheet.mjs');
  reportSheet(null, {away: true});
}

/** Resolves when the page's own sheet listens: its map may still be on its way. */
async function sheetReady() {
  for (let waited = 0; waited < READY_MS; waited += READY_STEP_MS) {
    if ('sheetReady' in document.body.dataset) return;
    await new Promise((done) => { setTimeout(done, READY_STEP_MS); });
  }
}

/** Opens the sheet with what is known of the report already. Throws where it cannot be had. */
async function openSheet(said) {
  await known;
  if (!document.getElementById('report-sheet')) {
    fetching ??= fetchSheet().finally(() => { fetching = null; });
    await fetching;
  }
  await sheetReady();
  if (document.dispatchEvent(new CustomEvent(OPEN, {detail: said, cancelable: true}))) {
    throw new Error('The sheet is not ready.');
  }
}

export function reportAnywhere() {
  // The queue needs locks; the form's own page is one entrance that leads to itself.
  const isForm = location.pathname === PATH && !isShell();
  if (!('locks' in navigator) || isForm) return;
  document.addEventListener('click', async (event) => {
    const link = event.target.closest('a[href]');
    if (!link || event.defaultPrevented || event.button || link.target || link.closest('#report-sheet')) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const address = new URL(link.href);
    if (address.origin !== location.origin || address.pathname !== PATH) return;
    event.preventDefault();
    try {
      // The map's own button says where the map looks, which the sheet knows better.
      await openSheet(link.id === 'report-here' ? {} : saidBy(address));
    } catch (error) {
      console.info('The sheet cannot be opened here.', error);
      location.href = navigator.onLine ? link.href : '/?report=1';
    }
  });
  // What leads here with the sheet open: a mail, a push, who comes back from signing in.
  const isAsked = new URLSearchParams(location.search).has('report');
  if (isAsked && !document.getElementById('report-sheet')) {
    fetchSheet().catch((error) => console.info('The sheet cannot be opened here.', error));
  }
}
