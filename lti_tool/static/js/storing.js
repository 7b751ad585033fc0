// Has the LMS's page keep this browser's mark, and goes on to the LMS; or, if it did not, to another way in.

import { ask } from "./storage.js";

const page = document.querySelector("[data-storing]").dataset;
const answer = await ask(page, "lti.put_data", { value: page.value });
const isKept = answer !== null && (answer.value === undefined || answer.value === page.value);
window.location.replace(isKept ? page.onward : page.otherwise);
