// The writing room of a plan.

import { followComputed } from "./computed.js";
import { unfoldTargets } from "./folds.js";
import { followPicks } from "./picks.js";
import { followPlace } from "./place.js";
import { handleRows } from "./rows.js";
import { startWriting } from "./writing.js";

const form = document.querySelector("form[data-writing]");
startWriting(form);
handleRows(form);
followPicks(form);
followComputed(form);
followPlace(form);
unfoldTargets();
