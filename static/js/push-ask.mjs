import {keepForLater} from './offline.mjs';

const bytesOf = (text) => Uint8Array.from(
  atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));

/** The worker of this site, registered when no page has done so yet: it shows what is pushed. */
async function worker() {
  await keepForLater();
  return navigator.serviceWorker.ready;
}

/** The address that this browser is pushed at, bound to the site's key; one of another key goes. */
async function subscription(key) {
  const {pushManager} = await worker();
  const wanted = bytesOf(key);
  const known = await pushManager.getSubscription();
  const bound = new Uint8Array(known?.options.applicationServerKey ?? []);
  if (known && bound.join() === wanted.join()) return known;
  await known?.unsubscribe();
  return pushManager.subscribe({userVisibleOnly: true, applicationServerKey: wanted});
}

/** The button that lets this browser show what happens. Nothing is asked before it is pressed. */
export function askForPush() {
  const root = document.querySelector('[data-push]');
  if (!root || !('serviceWorker' in navigator) || !('PushManager' in window)) return;
  const button = root.querySelector('[data-push-ask]');
  const status = root.querySelector('[data-push-status]');
  button.hidden = false;
  button.addEventListener('click', async () => {
    if (await Notification.requestPermission() !== 'granted') {
      status.textContent = root.dataset.textDenied;
      return;
    }
    try {
      const answer = await fetch('/browsers', {
        method: 'POST',
        headers: {
          Accept: 'application/json', 'Content-Type': 'application/json',
          'X-CSRFToken': root.dataset.csrf,
        },
        body: JSON.stringify(await subscription(root.dataset.key)),
      });
      const {text, title} = await answer.json();
      status.textContent = text ?? title;
      button.hidden = answer.ok;
    } catch (error) {
      console.info(error);
      status.textContent = root.dataset.textFailed;
    }
  });
}
