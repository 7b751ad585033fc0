// The writing room of a reflection.

import { startWriting } from "./writing.js";

startWriting(document.querySelector("form[data-writing]"));
