/** Who invited travels with a visitor in the addresses of this visit: the server writes it into the
 *  links and forms of a page, this script into links that scripts make. */
export function carryInvitation() {
  const via = new URLSearchParams(location.search).get('via');
  if (!via || document.body.dataset.member) return;
  const carry = (event) => {
    const link = event.target.closest?.('a[href]');
    if (!link) return;
    const url = new URL(link.href, location.href);
    if (url.origin !== location.origin || url.searchParams.has('via')) return;
    if (url.pathname === location.pathname && url.hash && url.search === location.search) return;
    url.searchParams.set('via', via);
    link.href = url.href;
  };
  // Before other listeners; `auxclick` is a new tab.
  for (const kind of ['click', 'auxclick']) document.addEventListener(kind, carry, true);
}

/** Whoever joins or signs in from the map comes back to what it shows: the server, which wrote the
 *  page into these links, never sees the part behind `#`. */
export function keepPlace() {
  document.addEventListener('click', ({target}) => {
    const link = target.closest?.('a[href]');
    const url = link && new URL(link.href, location.href);
    if (!url || url.origin !== location.origin || !['/join', '/sign-in'].includes(url.pathname)) return;
    const [next] = (url.searchParams.get('next') ?? '/').split('#');
    if (new URL(next, location.href).pathname !== location.pathname || !location.hash) return;
    url.searchParams.set('next', next + location.hash);
    link.href = url.href;
  }, true);
}
