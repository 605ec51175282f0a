// Signing out asks what becomes of what waits in this browser to be sent: send it first, keep it here
// for the next time its member signs in, or throw it away. Without anything waiting it just signs out.

import {currentMember} from './offline.mjs';
import {cancel, flush} from './outbox.mjs';
import {allItems} from './store.mjs';

const mine = async () => (await allItems()).filter(({member}) => member === currentMember());

/** `works` false: this browser has no queue. */
export function askBeforeSignOut(works) {
  const form = document.querySelector('form[data-sign-out]');
  const dialog = document.getElementById('sign-out');
  if (!works || !form || !dialog) return;
  const told = dialog.querySelector('[data-told]');
  const leave = () => {
    dialog.close();
    form.submit();
  };
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const items = await mine().catch(() => []);
    if (!items.length) {
      form.submit();
      return;
    }
    told.hidden = true;
    dialog.querySelector('[data-count]').textContent = items.length;
    dialog.showModal();
  });
  const on = (name, act) => dialog.querySelector(`[data-${name}]`).addEventListener('click', act);
  on('stay', () => dialog.close());
  on('keep', leave);
  on('throw', async () => {
    for (const {key} of await mine()) await cancel(key);
    leave();
  });
  on('send', async () => {
    await flush();
    const left = await mine();
    if (!left.length) {
      leave();
      return;
    }
    dialog.querySelector('[data-count]').textContent = left.length;
    told.hidden = false;
  });
}
