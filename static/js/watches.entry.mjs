// Pages of what one watches. Drawing is what its form is for, so the map comes with it; the map of a
// watch comes when it is pressed, for the list below it says the same.

import {whenWanted} from './later.mjs';
import {askForPush} from './push-ask.mjs';
import {outline} from './watch-outline.mjs';

askForPush();
for (const form of document.querySelectorAll('[data-watch-form]')) {
  import('./watch-map.mjs').then(({drawWatch}) => drawWatch(form),
    (error) => console.info('The map does not come; a place can be typed.', error));
}
for (const box of document.querySelectorAll('[data-watch-shown]')) {
  const picture = outline(JSON.parse(box.dataset.outline));
  box.append(picture);
  box.hidden = false;
  whenWanted(box, async () => {
    const {showWatch} = await import('./watch-map.mjs');
    return () => {
      picture.remove();
      showWatch(box);
    };
  }, {inView: false});
}
