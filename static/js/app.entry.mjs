// Every page: small comforts on top of forms and links that work without this script.

import 'htmx.org';
import {keepDrafts} from './drafts.mjs';
import {
  countCharacters, guessTimezone, searchNearMe, showFirstError, submitOnChange,
} from './forms.mjs';
import {workOffline} from './offline.mjs';
import {showOutbox} from './outbox-view.mjs';
import {shareLinks} from './share.mjs';
import {keepTimesFresh} from './time.mjs';
import {carryInvitation} from './via.mjs';

countCharacters();
guessTimezone();
submitOnChange();
searchNearMe();
keepDrafts();
workOffline().then(showOutbox);
shareLinks();
carryInvitation();
keepTimesFresh();
showFirstError();
