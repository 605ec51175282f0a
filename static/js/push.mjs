// What a service worker does with a web push: show it, and lead to it when it is pressed.

const ICON = '/static/icons/boca.svg';

/** Shows the push that came. Its data is JSON {title, body, url, tag, lang}; what has the tag of one
    that is shown replaces it. Browsers demand that something is shown, even for what cannot be read. */
export function onPush(event) {
  let said = {};
  try {
    said = event.data?.json() ?? {};
  } catch (error) {
    console.info('A push that cannot be read.', error);
  }
  const {title = 'Boca', body = '', url = '/inbox', tag, lang = ''} = said;
  event.waitUntil(self.registration.showNotification(title, {
    body, lang, dir: 'auto', icon: ICON, badge: ICON, data: {url}, ...(tag && {tag}),
  }));
}

/** Only paths of this site are opened, in a window that is open already when there is one. */
export function onNotificationClick(event) {
  event.notification.close();
  const wanted = new URL(event.notification.data?.url ?? '/inbox', self.location.origin);
  const target = wanted.origin === self.location.origin ? wanted.href : self.location.origin;
  event.waitUntil((async () => {
    const open = await self.clients.matchAll({type: 'window', includeUncontrolled: true});
    const same = open.find(({url}) => url === target) ?? open[0];
    if (!same) return self.clients.openWindow(target);
    await same.focus();
    // A window that this worker does not control cannot be led anywhere.
    return same.url === target ? same : same.navigate(target)
      .catch(() => self.clients.openWindow(target));
  })());
}
