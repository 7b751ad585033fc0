// The writing room of a reflection.

import { focusFirstConcern, startWriting } from "./writing.js";

startWriting(document.querySelector("form[data-writing]"));
focusFirstConcern();
