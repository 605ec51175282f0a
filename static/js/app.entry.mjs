// Every page: small comforts on top of forms and links that work without this script.

import 'htmx.org';
import {keepDrafts} from './drafts.mjs';
import {
  countCharacters, guessTimezone, searchNearMe, showFirstError, submitOnChange,
} from './forms.mjs';
import {workOffline} from './offline.mjs';
import {cancelAllOf} from './outbox.mjs';
import {showOutbox} from './outbox-view.mjs';
import {reportAnywhere} from './report.mjs';
import {searchBoxes, suggestPlaces} from './search.mjs';
import {shareLinks} from './share.mjs';
import {askBeforeSignOut} from './sign-out.mjs';
import {keepTimesFresh} from './time.mjs';
import {carryInvitation, keepPlace} from './via.mjs';
import {startVotes} from './vote.mjs';

countCharacters();
guessTimezone();
submitOnChange();
searchNearMe();
searchBoxes();
suggestPlaces();
const working = workOffline();
keepDrafts({
  erased: (member) => working.then((works) => { if (works) cancelAllOf(member); }),
});
working.then(askBeforeSignOut);
working.then(showOutbox);
reportAnywhere();
shareLinks();
carryInvitation();
keepPlace();
keepTimesFresh();
startVotes();
showFirstError();
