// Signing out asks what becomes of what waits in this browser: what was sent and did not leave yet
// (send it first, keep it for the next time its member signs in, or throw it away), and texts that
// were begun (keep or throw away). Without either it just signs out.

import {draftsOf, dropDraftsOf} from './drafts.mjs';
import {currentMember} from './offline.mjs';
import {cancel, flush} from './outbox.mjs';
import {allItems} from './store.mjs';

/** `works` false: this browser has no queue. */
export function askBeforeSignOut(works) {
  const form = document.querySelector('form[data-sign-out]');
  const dialog = document.getElementById('sign-out');
  if (!form || !dialog) return;
  const part = (name) => dialog.querySelector(`[data-${name}]`);
  const mine = async () => (works
    ? (await allItems().catch(() => [])).filter(({member}) => member === currentMember()) : []);
  const leave = () => {
    dialog.close();
    form.submit();
  };
  /** Says what is left, and returns how much that is. */
  async function count() {
    const counts = {waiting: (await mine()).length, begun: draftsOf(currentMember()).length};
    for (const [name, n] of Object.entries(counts)) {
      part(name).hidden = !n;
      part(name).querySelector('strong').textContent = n;
    }
    part('send').hidden = !counts.waiting;
    return counts;
  }
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const {waiting, begun} = await count();
    if (!waiting && !begun) {
      form.submit();
      return;
    }
    part('told').hidden = true;
    dialog.showModal();
  });
  const on = (name, act) => part(name).addEventListener('click', act);
  on('stay', () => dialog.close());
  on('keep', leave);
  on('throw', async () => {
    for (const {key} of await mine()) await cancel(key);
    dropDraftsOf(currentMember());
    leave();
  });
  on('send', async () => {
    await flush();
    const {waiting, begun} = await count();
    if (!waiting && !begun) leave();
    else part('told').hidden = !waiting;
  });
}
