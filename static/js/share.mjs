/** The page to share from: buttons that copy, or hand a link to the device, and direct addresses
    that follow the text as it is typed. Without this script all of it is there to copy and press. */

function say(button, text) {
  const told = document.getElementById(button.dataset.says);
  if (told) told.textContent = text;
}

async function copy(button, field) {
  try {
    await navigator.clipboard.writeText(field.value);
    button.lastElementChild.textContent = button.dataset.textDone;
    say(button, button.dataset.textDone);
  } catch {
    // Not allowed here: what is selected can be copied by hand.
    field.focus();
    field.select();
    say(button, button.dataset.textFailed ?? '');
  }
}

/** The same message with another text: the link stays as the server wrote it. */
function withText(address, before, after) {
  const [old, wanted] = [before, after].map((text) => encodeURIComponent(text));
  // The server also encodes these.
  const written = (text) => text
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  return address.replace(written(old), () => written(wanted));
}

function followText() {
  const field = document.querySelector('[data-share-form] textarea');
  if (!field) return;
  let last = field.value.trim();
  field.addEventListener('input', () => {
    const now = field.value.trim();
    if (!now) return; // the last text stays: there would be nothing to find it again by
    for (const link of document.querySelectorAll('[data-place]')) {
      link.href = withText(link.getAttribute('href'), last, now);
    }
    last = now;
  });
}

export function shareLinks() {
  for (const button of document.querySelectorAll('[data-copy]')) {
    if (!navigator.clipboard) continue;
    const field = document.getElementById(button.dataset.copy);
    button.hidden = false;
    button.addEventListener('click', () => copy(button, field));
  }
  for (const button of document.querySelectorAll('[data-share]')) {
    if (!navigator.share) continue;
    const {share: url, title, textOf} = button.dataset;
    button.hidden = false;
    button.addEventListener('click', () => {
      const text = document.getElementById(textOf)?.value.trim();
      // Closing the device's sheet rejects; there is nothing to say about it.
      navigator.share({url, title, ...(text && {text})}).catch(() => null);
    });
  }
  for (const button of document.querySelectorAll('[data-print]')) {
    button.hidden = false;
    button.addEventListener('click', () => window.print());
  }
  followText();
}
