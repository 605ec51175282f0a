// Maps that wait: their code comes when it is wanted, for it is ten times what else a page loads.

const SEEN = 0.5; // how much of a box is in view when its map comes

/** Whether this line is too slow or too dear for what was not asked for, as far as the browser says. */
function isSparing() {
  const {saveData, effectiveType} = navigator.connection ?? {};
  return Boolean(saveData) || ['slow-2g', '2g', '3g'].includes(effectiveType);
}

/** Calls `load()`, which resolves with what shows the map in `box`, when the button there
    (`data-text-open`) is pressed; with `inView` also when half of the box is in view, unless the line is
    slow. What fails to load can be pressed again. */
export function whenWanted(box, load, {inView = true} = {}) {
  const button = Object.assign(document.createElement('button'), {
    type: 'button', className: 'button button--secondary map-later', textContent: box.dataset.textOpen,
  });
  let watcher = null;
  const open = async (isPressed) => {
    if (box.getAttribute('aria-busy') === 'true') return;
    watcher?.disconnect();
    box.setAttribute('aria-busy', 'true');
    try {
      const show = await load();
      button.remove();
      show();
      if (isPressed) box.querySelector('canvas')?.focus({preventScroll: true});
    } catch (error) {
      console.info('The map does not come.', error);
    } finally {
      box.removeAttribute('aria-busy');
    }
  };
  button.addEventListener('click', () => open(true));
  box.append(button);
  if (!inView || isSparing()) return;
  watcher = new IntersectionObserver(
    ([{intersectionRatio}]) => { if (intersectionRatio >= SEEN) open(false); }, {threshold: SEEN});
  watcher.observe(box);
}
