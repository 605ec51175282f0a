/** Buttons that copy a link or hand it to the device; without this script the link is there to copy. */
export function shareLinks() {
  for (const button of document.querySelectorAll('[data-copy]')) {
    if (!navigator.clipboard) continue;
    const field = document.getElementById(button.dataset.copy);
    button.hidden = false;
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(field.value);
      button.lastChild.textContent = button.dataset.textDone;
    });
  }
  for (const button of document.querySelectorAll('[data-share]')) {
    if (!navigator.share) continue;
    const {share: url, title} = button.dataset;
    button.hidden = false;
    // Closing the device's sheet rejects; there is nothing to say about it.
    button.addEventListener('click', () => navigator.share({url, title}).catch(() => null));
  }
}
